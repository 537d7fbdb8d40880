import { type Limits, networkOf, type Rate, type Taken } from '@rendezvous/cluster'
import { type RateClass, rateKey, rates, throttled, type UsedUp } from '@rendezvous/contract'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The limit class of the route's requests, or `none`. Default: `public`, `read` or `write`, by access and
     *  method. */
    limit?: RateClass | 'none'
  }
}

/** The rate of each class; null for no limit. */
export type RequestRates = Readonly<Record<RateClass, Rate | null>>

/** The port that counts requests, and the rates. */
export interface RequestLimits {
  /** Should not reject when the shared store is unreachable: a request that cannot be counted is answered with 503. */
  readonly limits: Limits
  readonly rates: RequestRates
}

/** The headers with the state of a limit. CORS exposes them to pages of other origins. */
export const limitHeaders = [
  'RateLimit',
  'RateLimit-Policy',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset'
] as const

/** Counts requests before they are handled. Both methods set the headers of the limit, and throw `throttled` above it.
 *  `limit` is the class that the route names. They return undefined when nothing is counted. */
export interface RequestCounter {
  /** For a request without a known caller. */
  byAddress(request: FastifyRequest, reply: FastifyReply, limit?: RateClass | 'none'): Promise<void> | undefined
  /** For a request whose `caller` is known. */
  byAccount(request: FastifyRequest, reply: FastifyReply, limit?: RateClass | 'none'): Promise<void> | undefined
}

/** The parts of the headers that are the same for all requests of a class. */
interface Policy {
  readonly name: string
  readonly rate: Rate
  /** `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers-10. */
  readonly header: string
  readonly limit: string
}

/** Counts public requests by address and the others by account, with one call of the port for each request. */
export function requestCounter({ limits, rates }: RequestLimits): RequestCounter {
  const policies = policiesOf(rates)

  async function count(policy: Policy, key: string, reply: FastifyReply): Promise<void> {
    const taken = await limits.take(rateKey(policy.name, key), policy.rate)
    setLimitHeaders(reply, policy, taken)
    if (!taken.allowed) throw throttled(taken.retryAfterMs)
  }

  return {
    byAddress(request, reply, limit = 'public') {
      const policy = limit === 'none' ? undefined : policies[limit]
      return policy && count(policy, networkOf(request.ip), reply)
    },
    byAccount(request, reply, limit = classOf(request.method)) {
      const policy = limit === 'none' ? undefined : policies[limit]
      return policy && count(policy, String(request.caller.userId), reply)
    }
  }
}

/** Refuses, when it is registered, a route whose limit class needs another access: by account without a caller, or by
 *  address with one.
 *  @throws TypeError that names the route. */
export function refuseMisplacedLimits(app: FastifyInstance): void {
  app.addHook('onRoute', ({ url, config }) => {
    const { access, limit = 'none' } = config ?? {}
    if (limit === 'none' || (rates[limit].by === 'address') === (access === 'public')) return
    throw new TypeError(`${url} cannot be limited as ${limit}: it counts by ${rates[limit].by}`)
  })
}

function classOf(method: string): RateClass {
  return method === 'GET' || method === 'HEAD' ? 'read' : 'write'
}

function policiesOf(requestRates: RequestRates): Readonly<Partial<Record<RateClass, Policy>>> {
  const entries = Object.entries(requestRates) as [RateClass, Rate | null][]
  return Object.fromEntries(entries.flatMap(([name, rate]) => (rate === null ? [] : [[name, policyOf(name, rate)]])))
}

function policyOf(name: string, rate: Rate): Policy {
  const window = Math.max(1, Math.ceil(rate.windowMs / 1_000))
  return { name, rate, header: `"${name}";q=${rate.limit};w=${window}`, limit: String(rate.limit) }
}

/** Sets the headers of a limit of which nothing is left. They replace those of the request's own limit. */
export function setUsedUpHeaders(reply: FastifyReply, { name, resetMs, ...rate }: UsedUp): void {
  setLimitHeaders(reply, policyOf(name, rate), { remaining: 0, resetMs })
}

/** Writes the structured headers of the current draft, and those of its earlier editions, which most clients read. */
function setLimitHeaders(
  reply: FastifyReply,
  { name, header, limit }: Policy,
  { remaining, resetMs }: Pick<Taken, 'remaining' | 'resetMs'>
): void {
  const reset = Math.ceil(resetMs / 1_000)
  void reply
    .header('ratelimit-policy', header)
    .header('ratelimit', `"${name}";r=${remaining};t=${reset}`)
    .header('ratelimit-limit', limit)
    .header('ratelimit-remaining', String(remaining))
    .header('ratelimit-reset', String(reset))
}
