import { hash as argon2Hash, verify as argon2Verify } from '@node-rs/argon2'
import { networkOf } from '@rendezvous/cluster'
import { limits, throttled } from '@rendezvous/contract'
import { djangoVerifies, remainingChecks } from './django-hashes.ts'
import { fairQueue } from './fair-queue.ts'

/** Hashes and checks passwords off the event loop. `verifies` checks hashes by their prefix; its first key is the
 *  prefix of `hash`. A malformed hash may reject. */
export interface HashEngine {
  hash(password: string): Promise<string>
  readonly verifies: Readonly<Record<string, (hash: string, password: string) => Promise<boolean>>>
}

/** The engine of a password service and its bounds. */
export interface PasswordOptions {
  readonly engine?: HashEngine
  /** The most hashes computed at once. Each takes a core and 19 MiB for about 25 ms. */
  readonly concurrency?: number
  /** The costs of stored hashes of other systems (`OldHashes.costs`). None by default. */
  readonly oldCosts?: () => Promise<readonly string[]>
}

/** The origin of a request to hash or check a password. */
export interface Requester {
  /** The queue is fair between addresses. An IPv6 address counts by its /64. */
  readonly ip: string
  /** Aborts when the client has gone. A request that still waits then leaves the queue. */
  readonly signal?: AbortSignal
}

/**
 * Hashes and checks passwords, a few at a time, in a queue that is fair between addresses. However many passwords one
 * address sends, a request from another address waits for at most one of them.
 *
 * Both methods throw `throttled`, with `retryAfter`, when the queue is full. It holds `limits.passwordsWaiting`
 * requests, and `limits.passwordsWaitingOfAddress` of one address. A waiting request is also refused when it must
 * make room for an address with fewer requests.
 */
export interface Passwords {
  /** A hash of the password in NFKC, so that it does not depend on how a keyboard composes letters.
   *  @throws RangeError when the password is longer than the limit. The caller checks the length first. */
  hash(password: string, requester: Requester): Promise<string>
  /** Whether `password` matches `hash`, in NFKC or as it is: earlier releases and Django hashed it as it was. Every false
   *  takes the same work: for no hash, for an unknown kind, and for each kind in use. A password with two forms takes
   *  twice the work. One above the length limit is refused without work. */
  verify(hash: string | null, password: string, requester: Requester): Promise<boolean>
  /** Whether another system made `hash`. The caller then replaces it at the next log-in. */
  isOld(hash: string): boolean
}

/** The lowest cost for Argon2id in OWASP's Password Storage Cheat Sheet. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 }
const CONCURRENCY = 2
const RETRY_AFTER_MS = 2_000

/** Makes Argon2id hashes. Also checks the hashes of other systems, by prefix. */
const argon2id: HashEngine = {
  hash: password => argon2Hash(password, COST),
  verifies: { $argon2id$: (hash, password) => argon2Verify(hash, password), ...djangoVerifies }
}

/** A check of it costs as much as that of a real hash. No known password has a digest of zeros. */
const DUMMY_HASH = [
  '$argon2id$v=19',
  `m=${COST.memoryCost},t=${COST.timeCost},p=${COST.parallelism}`,
  unpadded(Buffer.from('nobody has this.')),
  unpadded(Buffer.alloc(COST.outputLen))
].join('$')

/** A password service. By default it works on two passwords at once. */
export function passwordService(options: PasswordOptions = {}): Passwords {
  const { engine = argon2id, concurrency = CONCURRENCY, oldCosts = async () => [] } = options
  const enqueue = fairQueue({
    concurrency,
    maxWaiting: limits.passwordsWaiting,
    maxWaitingPerKey: limits.passwordsWaitingOfAddress,
    refusal: () => throttled(RETRY_AFTER_MS)
  })
  const [own = ''] = Object.keys(engine.verifies)

  function queued<T>({ ip, signal }: Requester, work: () => Promise<T>): Promise<T> {
    return enqueue(networkOf(ip), work, signal)
  }

  async function check(hash: string, password: string): Promise<boolean> {
    return (await verifierOf(engine, hash)?.(hash, password)) ?? false
  }

  return {
    async hash(password, requester) {
      if (tooLong(password)) throw new RangeError('the password is longer than the limit')
      return queued(requester, () => engine.hash(password.normalize('NFKC')))
    },
    async verify(hash, password, requester) {
      if (tooLong(password)) return false
      const forms = new Set([password.normalize('NFKC'), password])
      return queued(requester, async () => {
        for (const form of forms) if (hash !== null && (await check(hash, form))) return true
        const isOwn = hash?.startsWith(own) ?? false
        const rest = [...(isOwn ? [] : [DUMMY_HASH]), ...remainingChecks(hash, await oldCosts())]
        for (const form of forms) for (const dummy of rest) await check(dummy, form)
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

/** Counts code points. The first comparison bounds the work for a huge text. */
function tooLong(password: string): boolean {
  return password.length > limits.passwordMax * 2 || [...password].length > limits.passwordMax
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '')
}
