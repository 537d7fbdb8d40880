import { hash as argon2Hash, verify as argon2Verify } from '@node-rs/argon2'
import { networkOf } from '@rendezvous/cluster'
import { limits, throttled } from '@rendezvous/contract'
import { djangoVerifies, remainingChecks } from './django-hashes.ts'
import { fairTurns } from './fair-turns.ts'

/** What hashes, off the event loop. `verifies` checks hashes by their prefix, the first being that of what `hash` makes; a malformed one may reject. */
export interface HashEngine {
  hash(password: string): Promise<string>
  readonly verifies: Readonly<Record<string, (hash: string, password: string) => Promise<boolean>>>
}

/** What hashes, and how much of it at once. */
export interface PasswordOptions {
  readonly engine?: HashEngine
  /** Hashes computed at once: each takes a core and 19 MiB for some 25 ms. */
  readonly concurrency?: number
  /** What checking the hashes of other systems costs that somebody still has: see the port OldHashes. None unless given. */
  readonly oldCosts?: () => Promise<readonly string[]>
}

/** Who has a password hashed or checked. */
export interface Asker {
  /** Turns go round the addresses, an IPv6 address by its /64. */
  readonly ip: string
  /** Aborts when nobody waits for the answer any more: then no turn is spent on it. */
  readonly gone?: AbortSignal
}

/**
 * Hashes and checks passwords, a few at a time, in turns that go round the addresses they come from: however many passwords one address gives,
 * each other one waits for one of them at most.
 * Both methods throw `throttled`, with `retryAfter`, when too many wait already: `limits.passwordsWaiting` in all, or
 * `limits.passwordsWaitingOfAddress` of the asker's. So does one that waits when it has to make room for an address that has fewer.
 */
export interface Passwords {
  /** @throws RangeError when the password is longer than the limit: the caller has checked that. */
  hash(password: string, asker: Asker): Promise<string>
  /** Whether `password` is the one of `hash`. False always takes the same work: without a hash, with one of an unknown kind, and whichever
   *  of the kinds in use did not fit. */
  verify(hash: string | null, password: string, asker: Asker): Promise<boolean>
  /** Whether `hash` should be replaced by one made by `hash` of this service, when its password is at hand. */
  isOld(hash: string): boolean
}

/** Least cost that OWASP's Password Storage Cheat Sheet gives for argon2id. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 }
const CONCURRENCY = 2
const RETRY_AFTER_MS = 2_000

/** Argon2id, which is this engine's default; hashes of other systems are read by a line of the table each. */
const argon2id: HashEngine = {
  hash: password => argon2Hash(password, COST),
  verifies: { $argon2id$: (hash, password) => argon2Verify(hash, password), ...djangoVerifies }
}

/** Costs as much to check as a real one; a digest of zeros belongs to no password anybody will find. */
const NOBODYS_HASH = [
  '$argon2id$v=19',
  `m=${COST.memoryCost},t=${COST.timeCost},p=${COST.parallelism}`,
  unpadded(Buffer.from('nobody has this.')),
  unpadded(Buffer.alloc(COST.outputLen))
].join('$')

/** Hashes two passwords at once, unless `options` say otherwise. */
export function passwordService(options: PasswordOptions = {}): Passwords {
  const { engine = argon2id, concurrency = CONCURRENCY, oldCosts = async () => [] } = options
  const turns = fairTurns({
    atOnce: concurrency,
    waiting: limits.passwordsWaiting,
    waitingOfOne: limits.passwordsWaitingOfAddress,
    refusal: () => throttled(RETRY_AFTER_MS)
  })
  const [own = ''] = Object.keys(engine.verifies)

  function takeTurn<T>({ ip, gone }: Asker, work: () => Promise<T>): Promise<T> {
    return turns(networkOf(ip), work, gone)
  }

  async function check(hash: string, password: string): Promise<boolean> {
    return (await verifierOf(engine, hash)?.(hash, password)) ?? false
  }

  return {
    async hash(password, asker) {
      if (tooLong(password)) throw new RangeError('the password is longer than the limit')
      return takeTurn(asker, () => engine.hash(password))
    },
    async verify(hash, password, asker) {
      if (tooLong(password)) return false
      return takeTurn(asker, async () => {
        if (hash !== null && (await check(hash, password))) return true
        const isOwn = hash?.startsWith(own) ?? false
        const rest = [...(isOwn ? [] : [NOBODYS_HASH]), ...remainingChecks(hash, await oldCosts())]
        for (const nobodys of rest) await check(nobodys, password)
        return false
      })
    },
    isOld: hash => !hash.startsWith(own)
  }
}

function verifierOf(engine: HashEngine, hash: string) {
  const prefix = Object.keys(engine.verifies).find(known => hash.startsWith(known))
  return prefix === undefined ? undefined : engine.verifies[prefix]
}

/** Counted in code points, but no more of them than can matter. */
function tooLong(password: string): boolean {
  return password.length > limits.passwordMax * 2 || [...password].length > limits.passwordMax
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '')
}
