import { type Limits, networkOf, type Rate, type Tickets } from '@rendezvous/cluster'
import { ApiError, accessTokenNotValid, type Claims, limits, throttled } from '@rendezvous/contract'
import { bearerToken, refusals, type Tokens } from '@rendezvous/tokens'
import type { FastifyRequest } from 'fastify'
import type { BatchedBackend } from '../backend/batches.ts'
import type { GatewaySettings } from '../settings.ts'

interface Deps {
  readonly tokens: Pick<Tokens, 'verifyAccessOnce'>
  readonly tickets: Tickets
  readonly limits: Limits
  readonly backend: Pick<BatchedBackend, 'alive'>
  readonly settings: Pick<GatewaySettings, 'allowedOrigins' | 'queryToken' | 'upgradesByAddress' | 'upgradesByAccount'>
  readonly now: () => number
}

/** Authenticates a request to open a socket. Runs before the upgrade, since a later refusal would need a socket. */
export function admission({
  tokens,
  tickets,
  limits: counts,
  backend,
  settings,
  now
}: Deps): (request: FastifyRequest) => Promise<Claims> {
  const isOriginAllowed = originRule(settings.allowedOrigins)

  function verify(token: string): Claims {
    const verified = token.length > limits.tokenCharacters ? null : tokens.verifyAccessOnce(token)
    if (verified === null) throw accessTokenNotValid()
    if (!verified.ok) throw accessTokenNotValid(refusals[verified.reason])
    return verified.claims
  }

  async function redeem(ticket: string): Promise<Claims> {
    const claims = await orUnavailable(tickets.redeem(ticket.slice(0, limits.tokenCharacters)))
    if (claims === null || claims.expiresAt <= now()) throw new ApiError('ticket_not_valid')
    return claims
  }

  async function identify(request: FastifyRequest): Promise<Claims> {
    const bearer = bearerToken(request.headers.authorization)
    if (bearer !== null) return verify(bearer)

    const { ticket, token } = request.query as Record<string, unknown>
    if (ticket !== undefined) return redeem(typeof ticket === 'string' ? ticket : '')
    if (token !== undefined && settings.queryToken) return verify(typeof token === 'string' ? token : '')
    throw new ApiError('not_authenticated')
  }

  async function count(key: string, rate: Rate | null): Promise<void> {
    if (rate === null) return
    const { allowed, retryAfterMs } = await orUnavailable(counts.take(`upgrades:${key}`, rate))
    if (!allowed) throw throttled(retryAfterMs)
  }

  /** @throws ApiError 403 for an origin that is not allowed, 401 without valid credentials, 429 for too many upgrades.
   *  Throws 503 when any of these cannot be checked. */
  return async request => {
    if (!isOriginAllowed(request.headers.origin, request.hostname)) throw new ApiError('origin_not_allowed')
    await count(networkOf(request.ip), settings.upgradesByAddress)
    const claims = await identify(request)
    await count(`${claims.userId}`, settings.upgradesByAccount)
    if (!(await orUnavailable(backend.alive(claims)))) throw accessTokenNotValid()
    return claims
  }
}

/** Allows pages of our own host on any port, as Django Channels' validator does. All names of the loopback are one
 *  host. Also allows listed origins, and clients that send no origin, since they are not pages. A page is authorised
 *  by its token, never by a cookie. */
function originRule(allowed: readonly string[]): (origin: string | undefined, hostname: string) => boolean {
  const known = new Set(allowed.map(origin => origin.toLowerCase().replace(/\/$/, '')))
  return (origin, hostname) =>
    origin === undefined ||
    known.has('*') ||
    known.has(origin.toLowerCase()) ||
    isSameHost(hostnameOf(origin), hostname.toLowerCase())
}

const loopback: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

function isSameHost(page: string | null, own: string): boolean {
  if (page === null) return false
  return page === own || (loopback.has(page) && loopback.has(own))
}

function hostnameOf(origin: string): string | null {
  return (URL.canParse(origin) && new URL(origin).hostname) || null
}

async function orUnavailable<T>(answer: Promise<T>): Promise<T> {
  return answer.catch(() => {
    throw new ApiError('unavailable')
  })
}
