import { type Limits, networkOf, type Rate, type Taken } from '@rendezvous/cluster'
import { type RateClass, rateKey, rates, throttled, type UsedUp } from '@rendezvous/contract'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The limit class that the route's requests count in, or `none`. Without it `public`, `read` or `write`, by access and method. */
    limit?: RateClass | 'none'
  }
}

/** The rate of every class; null for no limit. */
export type RequestRates = Readonly<Record<RateClass, Rate | null>>

/** What requests are counted with. */
export interface RequestLimits {
  /** Should not reject when what the nodes share is out of reach: a request that cannot be counted is answered with 503. */
  readonly limits: Limits
  readonly rates: RequestRates
}

/** The names of the headers that tell a client how much is left, for pages of other origins. */
export const limitHeaders = [
  'RateLimit',
  'RateLimit-Policy',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset'
] as const

/** Counts requests, before anything else is done for them. Both methods throw `throttled` when there were too many, and set headers either
 *  way; `limit` is the route's class, if it names one. Nothing is returned where nothing is counted. */
export interface RequestCounter {
  /** For a request from anybody. */
  byAddress(request: FastifyRequest, reply: FastifyReply, limit?: RateClass | 'none'): Promise<void> | undefined
  /** For a request whose `caller` is known. */
  byAccount(request: FastifyRequest, reply: FastifyReply, limit?: RateClass | 'none'): Promise<void> | undefined
}

/** What stays the same for all requests of a class. */
interface Policy {
  readonly name: string
  readonly rate: Rate
  /** `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers-10. */
  readonly header: string
  readonly limit: string
}

/** Counts by address what anybody may ask for, and by account the rest, in one call of the port for each request. */
export function requestCounter({ limits, rates }: RequestLimits): RequestCounter {
  const policies = policiesOf(rates)

  async function count(policy: Policy, who: string, reply: FastifyReply): Promise<void> {
    const taken = await limits.take(rateKey(policy.name, who), policy.rate)
    tell(reply, policy, taken)
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

/** @throws TypeError for a route whose limit class counts what its access does not know. */
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

/** Says on `reply` that nothing is left of a limit, in place of what it says of the one that the request counts in. */
export function tellUsedUp(reply: FastifyReply, { name, resetMs, ...rate }: UsedUp): void {
  tell(reply, policyOf(name, rate), { remaining: 0, resetMs })
}

/** In the structured form, and in the one of the draft's earlier editions, which most clients read. */
function tell(
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
