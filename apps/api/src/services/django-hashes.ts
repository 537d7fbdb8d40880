import { pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { verify as argon2Verify } from '@node-rs/argon2'

const derive = promisify(pbkdf2)

/** `algorithm$iterations$salt$base64`, as django.contrib.auth.hashers writes it. */
const PBKDF2 = /^pbkdf2_sha256\$(\d{1,7})\$([^$]+)\$([A-Za-z0-9+/]{43}=)$/
const ARGON2 = /^argon2(\$argon2id\$v=19\$m=(\d{1,6}),t=(\d{1,2}),p=(\d{1,2})\$[^$]+\$[^$]+)$/
/** Django 6.0 makes 1.2 million; what asks for more than this is no honest hash. */
const MOST_ITERATIONS = 5_000_000
/** As much memory in KiB, passes and lanes: Django asks for 102,400, 2 and 8. */
const MOST_ARGON2 = { memory: 262_144, passes: 10, lanes: 16 }

const KEY_BYTES = 32
const NOBODYS_SALT = 'nobodyhasthis'
const NOBODYS_KEY = Buffer.alloc(KEY_BYTES).toString('base64')

interface Work {
  readonly kind: 'pbkdf2' | 'argon2'
  /** Comparable within a kind. */
  readonly amount: number
}

/** Checks the hashes of Django's hashers `PBKDF2PasswordHasher` and `Argon2PasswordHasher`, by their prefix. */
export const djangoVerifies = {
  pbkdf2_sha256$: async (hash: string, password: string): Promise<boolean> => {
    const [, iterations, salt, key] = PBKDF2.exec(hash) ?? []
    if (salt === undefined || key === undefined || !isBounded(hash)) return false
    const derived = await derive(password, salt, Number(iterations), KEY_BYTES, 'sha256')
    return timingSafeEqual(derived, Buffer.from(key, 'base64'))
  },
  argon2$: async (hash: string, password: string): Promise<boolean> => {
    const [, ours] = ARGON2.exec(hash) ?? []
    return ours !== undefined && isBounded(hash) && argon2Verify(ours, password)
  }
}

/** Whether `hash` is one of Django's that can be checked here, within the bounds. */
export function isDjangoHash(hash: string): boolean {
  return (PBKDF2.test(hash) || ARGON2.test(hash)) && isBounded(hash)
}

/**
 * Hashes of nobody that remain to be checked after `tried` did not fit (null: nothing was), so that a failure takes the same work whatever
 * was tried: of each kind that `costs` name, the highest cost.
 */
export function remainingChecks(tried: string | null, costs: readonly string[]): string[] {
  const done = tried === null || !isDjangoHash(tried) ? null : workOf(tried)
  const highest = (kind: Work['kind']) => {
    const works = costs.map(cost => ({ cost, work: workOf(cost) })).filter(({ work }) => work?.kind === kind)
    return works.sort((a, b) => (b.work?.amount ?? 0) - (a.work?.amount ?? 0))[0]
  }
  const iterations = (highest('pbkdf2')?.work?.amount ?? 0) - (done?.kind === 'pbkdf2' ? done.amount : 0)
  const argon2 = highest('argon2')
  const isDone = done?.kind === 'argon2' && done.amount >= (argon2?.work?.amount ?? 0)
  return [
    ...(iterations > 0 ? [`pbkdf2_sha256$${iterations}$${NOBODYS_SALT}$${NOBODYS_KEY}`] : []),
    ...(argon2 === undefined || isDone
      ? []
      : [`${argon2.cost}$${unpadded(NOBODYS_SALT)}$${unpadded('\0'.repeat(KEY_BYTES))}`])
  ]
}

/** What checking a hash, or what starts like one, costs; null when it is no such hash or asks for too much. */
function workOf(start: string): Work | null {
  const [, iterations] = /^pbkdf2_sha256\$(\d{1,7})(?:\$|$)/.exec(start) ?? []
  if (iterations !== undefined) {
    const amount = Number(iterations)
    return amount >= 1 && amount <= MOST_ITERATIONS ? { kind: 'pbkdf2', amount } : null
  }
  const [, m, t, p] = /^argon2\$argon2id\$v=19\$m=(\d{1,6}),t=(\d{1,2}),p=(\d{1,2})(?:\$|$)/.exec(start) ?? []
  const [memory, passes, lanes] = [Number(m), Number(t), Number(p)]
  const isWithin = memory <= MOST_ARGON2.memory && passes <= MOST_ARGON2.passes && lanes <= MOST_ARGON2.lanes
  return isWithin && memory > 0 && passes > 0 && lanes > 0 ? { kind: 'argon2', amount: memory * passes } : null
}

function isBounded(hash: string): boolean {
  return workOf(hash) !== null
}

function unpadded(text: string): string {
  return Buffer.from(text).toString('base64').replaceAll('=', '')
}
