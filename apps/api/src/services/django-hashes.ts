import { pbkdf2, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { verify as argon2Verify } from '@node-rs/argon2'

const derivePbkdf2 = promisify(pbkdf2)
const deriveScrypt = promisify<string, string, number, ScryptOptions, Buffer>(scrypt)

/** Django 6.0 makes 1.2 million; what asks for more than this is no honest hash. */
const MOST_ITERATIONS = 5_000_000
/** As much memory in KiB, passes and lanes: Django asks for 102,400, 2 and 8. */
const MOST_ARGON2 = { memory: 262_144, passes: 10, lanes: 16 }
/** As much memory in blocks of 128 bytes (64 MiB), and as many blocks altogether: four times what Django asks for, by N = 16,384, r = 8 and p = 5. */
const MOST_SCRYPT = { memory: 4 * 16_384 * 8, blocks: 4 * 16_384 * 8 * 5 }
const SCRYPT_KEY_BYTES = 64
/** What OpenSSL may take for it; its own bound is below what Django asks for. */
const SCRYPT_BYTES = 2 * 128 * MOST_SCRYPT.memory

const NOBODYS_SALT = 'nobodyhasthis'

/** A hasher of django.contrib.auth.hashers: how its hashes are written, and what checking one takes. */
interface Hasher {
  /** A whole hash. */
  readonly hash: RegExp
  /** What checking a hash takes, or what has its cost (as `OldHashes.costs` tells it): comparable within a hasher. Null when it is malformed or
   *  asks for too much. */
  amountOf(start: string): number | null
  /** Whether `password` is that of `hash`, which is whole and within the bounds. */
  verify(hash: string, password: string): Promise<boolean>
  /** A hash that nobody has, whose check takes what `cost` does less `done`, or more where less cannot be had. */
  nobodys(cost: string, done: number): string
}

/** `algorithm$iterations$salt$base64`. */
function pbkdf2Hasher(digest: 'sha256' | 'sha1', keyBytes: number): Hasher {
  const start = new RegExp(`^pbkdf2_${digest}\\$(\\d{1,7})(?:\\$|$)`)
  const amountOf = (text: string) => {
    const iterations = Number(start.exec(text)?.[1] ?? 0)
    return iterations >= 1 && iterations <= MOST_ITERATIONS ? iterations : null
  }

  return {
    hash: new RegExp(`^pbkdf2_${digest}\\$\\d+\\$[^$]+\\$${base64Of(keyBytes)}$`),
    amountOf,
    async verify(hash, password) {
      const [, iterations, salt = '', key = ''] = hash.split('$')
      return isKey(key, await derivePbkdf2(password, salt, Number(iterations), keyBytes, digest))
    },
    nobodys: (cost, done) => `pbkdf2_${digest}$${(amountOf(cost) ?? 0) - done}$${NOBODYS_SALT}$${noKey(keyBytes)}`
  }
}

/** `argon2` before what the reference implementation writes. */
const argon2Hasher: Hasher = {
  hash: /^argon2\$argon2id\$v=19\$[a-z0-9=,]+\$[^$]+\$[^$]+$/,
  amountOf(text) {
    const [, m, t, p] = /^argon2\$argon2id\$v=19\$m=(\d{1,6}),t=(\d{1,2}),p=(\d{1,2})(?:\$|$)/.exec(text) ?? []
    const [memory, passes, lanes] = [Number(m), Number(t), Number(p)]
    const isWithin = memory <= MOST_ARGON2.memory && passes <= MOST_ARGON2.passes && lanes <= MOST_ARGON2.lanes
    return isWithin && memory > 0 && passes > 0 && lanes > 0 ? memory * passes : null
  },
  verify: (hash, password) => argon2Verify(hash.slice('argon2'.length), password),
  nobodys: cost => `${cost}$${unpadded(NOBODYS_SALT)}$${unpadded('\0'.repeat(32))}`
}

/** `scrypt$N$salt$r$p$base64`; a cost has no salt and no key. */
const scryptHasher: Hasher = {
  hash: new RegExp(`^scrypt\\$\\d+\\$[^$]+\\$\\d+\\$\\d+\\$${base64Of(SCRYPT_KEY_BYTES)}$`),
  amountOf(text) {
    const { n, r, p } = scryptNumbers(text)
    const isScrypt = n > 1 && Number.isInteger(Math.log2(n)) && n < 2 ** (16 * r) && p > 0 // RFC 7914, section 2
    return isScrypt && n * r <= MOST_SCRYPT.memory && n * r * p <= MOST_SCRYPT.blocks ? n * r * p : null
  },
  async verify(hash, password) {
    const [, , salt = '', , , key = ''] = hash.split('$')
    const { n, r, p } = scryptNumbers(hash)
    return isKey(key, await deriveScrypt(password, salt, SCRYPT_KEY_BYTES, { N: n, r, p, maxmem: SCRYPT_BYTES }))
  },
  nobodys(cost, done) {
    const { n, r, p } = scryptNumbers(cost)
    return `scrypt$${n}$${NOBODYS_SALT}$${r}$${p - Math.floor(done / (n * r))}$${noKey(SCRYPT_KEY_BYTES)}`
  }
}

/** N, r and p of a hash or a cost; zeros when it is neither. */
function scryptNumbers(text: string): { readonly n: number; readonly r: number; readonly p: number } {
  const [, n = 0, r = 0, p = 0] = /^scrypt\$(\d{1,6})\$[^$]*\$(\d{1,3})\$(\d{1,2})(?:\$|$)/.exec(text) ?? []
  return { n: Number(n), r: Number(r), p: Number(p) }
}

/** By the prefix of their hashes. */
const hashers: Readonly<Record<string, Hasher>> = {
  pbkdf2_sha256$: pbkdf2Hasher('sha256', 32),
  pbkdf2_sha1$: pbkdf2Hasher('sha1', 20),
  argon2$: argon2Hasher,
  scrypt$: scryptHasher
}

/** Checks hashes that Django made, by their prefix. */
export const djangoVerifies = Object.fromEntries(
  Object.entries(hashers).map(([prefix, hasher]) => [
    prefix,
    async (hash: string, password: string): Promise<boolean> => isDjangoHash(hash) && hasher.verify(hash, password)
  ])
)

/** Whether `hash` is one of Django's that can be checked here, within the bounds. */
export function isDjangoHash(hash: string): boolean {
  const hasher = hasherOf(hash)
  return hasher?.hash.test(hash) === true && hasher.amountOf(hash) !== null
}

/**
 * Hashes of nobody that remain to be checked after `tried` did not fit (null: nothing was), so that a failure takes the same work whatever
 * was tried: of each hasher that `costs` name, the highest cost.
 */
export function remainingChecks(tried: string | null, costs: readonly string[]): string[] {
  const used = tried !== null && isDjangoHash(tried) ? hasherOf(tried) : undefined
  return Object.values(hashers).flatMap(hasher => {
    const [highest] = costs
      .filter(cost => hasherOf(cost) === hasher)
      .map(cost => ({ cost, amount: hasher.amountOf(cost) ?? 0 }))
      .sort((a, b) => b.amount - a.amount)
    const done = tried !== null && used === hasher ? (hasher.amountOf(tried) ?? 0) : 0
    return highest === undefined || highest.amount <= done ? [] : [hasher.nobodys(highest.cost, done)]
  })
}

function hasherOf(start: string): Hasher | undefined {
  return Object.entries(hashers).find(([prefix]) => start.startsWith(prefix))?.[1]
}

/** Of so many bytes, of which one or two are left over by threes, as a pattern. */
function base64Of(bytes: number): string {
  const length = Math.ceil((bytes * 4) / 3)
  return `[A-Za-z0-9+/]{${length}}${'='.repeat((4 - (length % 4)) % 4)}`
}

function isKey(key: string, derived: Buffer): boolean {
  return timingSafeEqual(derived, Buffer.from(key, 'base64'))
}

function noKey(bytes: number): string {
  return Buffer.alloc(bytes).toString('base64')
}

function unpadded(text: string): string {
  return Buffer.from(text).toString('base64').replaceAll('=', '')
}
