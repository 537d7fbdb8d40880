import { pbkdf2, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { verify as argon2Verify } from '@node-rs/argon2'

const derivePbkdf2 = promisify(pbkdf2)
const deriveScrypt = promisify<string, string, number, ScryptOptions, Buffer>(scrypt)

/** The most PBKDF2 iterations that are checked. Django 6.0 uses 1.2 million. */
const MOST_ITERATIONS = 5_000_000
/** The most Argon2 memory in KiB, passes and lanes that are checked. Django uses 102,400, 2 and 8. */
const MOST_ARGON2 = { memory: 262_144, passes: 10, lanes: 16 }
/** The most scrypt memory in blocks of 128 bytes (64 MiB), and the most blocks in all. Both are four times
 *  Django's, which uses N = 16,384, r = 8 and p = 5. */
const MOST_SCRYPT = { memory: 4 * 16_384 * 8, blocks: 4 * 16_384 * 8 * 5 }
const SCRYPT_KEY_BYTES = 64
/** The memory that OpenSSL may use for scrypt. Its default is less than Django's hashes need. */
const SCRYPT_BYTES = 2 * 128 * MOST_SCRYPT.memory

const DUMMY_SALT = 'nobodyhasthis'

/** A hasher of django.contrib.auth.hashers: the format of its hashes and the work of a check. */
interface Hasher {
  /** Matches a whole hash. */
  readonly hash: RegExp
  /** The work of checking a hash, given the hash or its cost (see `OldHashes.costs`). Comparable within one
   *  hasher. Null for a malformed hash and for work above the bounds. */
  workOf(start: string): number | null
  /** Whether `password` matches `hash`. The hash is whole and within the bounds. */
  verify(hash: string, password: string): Promise<boolean>
  /** A hash that matches no password. Its check takes the work of `cost` minus `done`, or more where that is
   *  impossible. */
  dummy(cost: string, done: number): string
}

/** `algorithm$iterations$salt$base64`. */
function pbkdf2Hasher(digest: 'sha256' | 'sha1', keyBytes: number): Hasher {
  const start = new RegExp(`^pbkdf2_${digest}\\$(\\d{1,7})(?:\\$|$)`)
  const workOf = (text: string) => {
    const iterations = Number(start.exec(text)?.[1] ?? 0)
    return iterations >= 1 && iterations <= MOST_ITERATIONS ? iterations : null
  }

  return {
    hash: new RegExp(`^pbkdf2_${digest}\\$\\d+\\$[^$]+\\$${base64Of(keyBytes)}$`),
    workOf,
    async verify(hash, password) {
      const [, iterations, salt = '', key = ''] = hash.split('$')
      return isKey(key, await derivePbkdf2(password, salt, Number(iterations), keyBytes, digest))
    },
    dummy: (cost, done) => `pbkdf2_${digest}$${(workOf(cost) ?? 0) - done}$${DUMMY_SALT}$${zeroKey(keyBytes)}`
  }
}

/** The prefix `argon2`, then the format of the reference implementation. */
const argon2Hasher: Hasher = {
  hash: /^argon2\$argon2id\$v=19\$[a-z0-9=,]+\$[^$]+\$[^$]+$/,
  workOf(text) {
    const [, m, t, p] = /^argon2\$argon2id\$v=19\$m=(\d{1,6}),t=(\d{1,2}),p=(\d{1,2})(?:\$|$)/.exec(text) ?? []
    const [memory, passes, lanes] = [Number(m), Number(t), Number(p)]
    const isWithin = memory <= MOST_ARGON2.memory && passes <= MOST_ARGON2.passes && lanes <= MOST_ARGON2.lanes
    return isWithin && memory > 0 && passes > 0 && lanes > 0 ? memory * passes : null
  },
  verify: (hash, password) => argon2Verify(hash.slice('argon2'.length), password),
  dummy: cost => `${cost}$${unpadded(DUMMY_SALT)}$${unpadded('\0'.repeat(32))}`
}

/** `scrypt$N$salt$r$p$base64`. A cost has an empty salt and no key. */
const scryptHasher: Hasher = {
  hash: new RegExp(`^scrypt\\$\\d+\\$[^$]+\\$\\d+\\$\\d+\\$${base64Of(SCRYPT_KEY_BYTES)}$`),
  workOf(text) {
    const { n, r, p } = scryptNumbers(text)
    const isScrypt = n > 1 && Number.isInteger(Math.log2(n)) && n < 2 ** (16 * r) && p > 0 // RFC 7914, section 2
    return isScrypt && n * r <= MOST_SCRYPT.memory && n * r * p <= MOST_SCRYPT.blocks ? n * r * p : null
  },
  async verify(hash, password) {
    const [, , salt = '', , , key = ''] = hash.split('$')
    const { n, r, p } = scryptNumbers(hash)
    return isKey(key, await deriveScrypt(password, salt, SCRYPT_KEY_BYTES, { N: n, r, p, maxmem: SCRYPT_BYTES }))
  },
  dummy(cost, done) {
    const { n, r, p } = scryptNumbers(cost)
    return `scrypt$${n}$${DUMMY_SALT}$${r}$${p - Math.floor(done / (n * r))}$${zeroKey(SCRYPT_KEY_BYTES)}`
  }
}

/** N, r and p of a hash or a cost; zeros for any other text. */
function scryptNumbers(text: string): { readonly n: number; readonly r: number; readonly p: number } {
  const [, n = 0, r = 0, p = 0] = /^scrypt\$(\d{1,6})\$[^$]*\$(\d{1,3})\$(\d{1,2})(?:\$|$)/.exec(text) ?? []
  return { n: Number(n), r: Number(r), p: Number(p) }
}

/** The hashers by the prefix of their hashes. */
const hashers: Readonly<Record<string, Hasher>> = {
  pbkdf2_sha256$: pbkdf2Hasher('sha256', 32),
  pbkdf2_sha1$: pbkdf2Hasher('sha1', 20),
  argon2$: argon2Hasher,
  scrypt$: scryptHasher
}

/** Functions that check Django's hashes, by the prefix of the hashes. */
export const djangoVerifies = Object.fromEntries(
  Object.entries(hashers).map(([prefix, hasher]) => [
    prefix,
    async (hash: string, password: string): Promise<boolean> => isDjangoHash(hash) && hasher.verify(hash, password)
  ])
)

/** Whether `hash` is a hash of Django's that `djangoVerifies` can check within the bounds. */
export function isDjangoHash(hash: string): boolean {
  const hasher = hasherOf(hash)
  return hasher?.hash.test(hash) === true && hasher.workOf(hash) !== null
}

/**
 * Dummy hashes to check after `tried` did not match (null: no hash was checked). They bring the work of every failure
 * to the same amount: the highest of `costs` for each hasher.
 */
export function remainingChecks(tried: string | null, costs: readonly string[]): string[] {
  const used = tried !== null && isDjangoHash(tried) ? hasherOf(tried) : undefined
  return Object.values(hashers).flatMap(hasher => {
    const [highest] = costs
      .filter(cost => hasherOf(cost) === hasher)
      .map(cost => ({ cost, amount: hasher.workOf(cost) ?? 0 }))
      .sort((a, b) => b.amount - a.amount)
    const done = tried !== null && used === hasher ? (hasher.workOf(tried) ?? 0) : 0
    return highest === undefined || highest.amount <= done ? [] : [hasher.dummy(highest.cost, done)]
  })
}

function hasherOf(start: string): Hasher | undefined {
  return Object.entries(hashers).find(([prefix]) => start.startsWith(prefix))?.[1]
}

/** A pattern for the base64 form of `bytes` bytes. */
function base64Of(bytes: number): string {
  const length = Math.ceil((bytes * 4) / 3)
  return `[A-Za-z0-9+/]{${length}}${'='.repeat((4 - (length % 4)) % 4)}`
}

function isKey(key: string, derived: Buffer): boolean {
  return timingSafeEqual(derived, Buffer.from(key, 'base64'))
}

function zeroKey(bytes: number): string {
  return Buffer.alloc(bytes).toString('base64')
}

function unpadded(text: string): string {
  return Buffer.from(text).toString('base64').replaceAll('=', '')
}
