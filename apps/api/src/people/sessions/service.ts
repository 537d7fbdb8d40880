import {
  accessTokenNotValid,
  type Claims,
  type EndReason,
  notFound,
  refreshTokenNotValid,
  type Session,
  type TokenPair,
  timestamp,
  type UserId
} from '@rendezvous/contract'
import { type RefreshClaims, refusals, type Tokens } from '@rendezvous/tokens'
import type { Announcer } from '../../announce/outbox/announcer.ts'
import { personalDeliveries } from '../../announce/personal/deliveries.ts'
import type { AppendedEvents } from '../../announce/personal/port.ts'
import type { Report } from '../../audit/port.ts'
import type { Requester } from '../passwords/service.ts'
import { type SessionCache, sessionCache } from './cache.ts'
import { sessionControls } from './controls.ts'
import {
  type ActiveSession,
  type Ended,
  FIRST_GENERATION,
  type SessionCursor,
  type SessionSelection,
  type Sessions
} from './port.ts'

/** The client of a log-in. */
export interface Device extends Requester {
  readonly userAgent: string
}

/** The ports and settings of the session service. */
export interface SessionServiceOptions {
  readonly sessions: Sessions
  readonly tokens: Tokens
  readonly announcer: Pick<Announcer, 'announce'>
  readonly report: Report
  /** A new uuid. */
  readonly newId: () => string
  readonly refreshTtlMs: number
  /** Milliseconds of a monotonic clock, for the age of cached states. `performance.now` by default. */
  readonly uptime?: () => number
}

/** Starts, refreshes, checks, lists and ends sessions. */
export type SessionService = ReturnType<typeof sessionService>

/** A page of sessions, the last used first. `next` is the cursor of the next page, null at the end. */
export interface SessionList {
  readonly sessions: readonly Session[]
  readonly next: SessionCursor | null
}

/** Announces appended events after the commit, reports what was recorded, and closes the sockets of ended sessions.
 *  `ended.spare` is the access token that outlives its session. */
type Announce = (
  appended: AppendedEvents,
  ended?: Omit<Ended, 'appended'> & { readonly userId: UserId; readonly spare?: Spare }
) => void

/** An access token that outlives the end of its session. */
interface Spare {
  readonly sessionId: string
  readonly tokenId: string
}

const PURGED_AT_ONCE = 1_000
const PURGE_ROUNDS = 20
const ENDED = 'Token is blacklisted'

/** The session service over `options.sessions`, with a cache on this node. */
export function sessionService(options: SessionServiceOptions) {
  const cache = sessionCache(options.sessions, options.uptime ?? (() => performance.now()))
  const { announcer, report } = options
  const announce: Announce = ({ events, outboxIds }, ended) => {
    if (ended !== undefined) cache.forget(ended)
    const spared = new Map(ended?.spare === undefined ? [] : [[ended.spare.sessionId, ended.spare.tokenId]])
    const deliveries = [...personalDeliveries(events), ...sessionControls(events, spared)]
    announcer.announce(deliveries, outboxIds, 'personal events')
    ended?.audited.forEach(report)
  }

  return {
    ...cache,
    ...checking(options, cache),
    ...issuing(options, announce),
    ...ending(options, announce),

    /** Deletes expired sessions and retired tokens, up to 20,000 rows of each. Returns how many. The worker calls
     *  it every hour. */
    async purge(): Promise<number> {
      let total = 0
      for (let round = 0; round < PURGE_ROUNDS; round++) {
        const bounds = { refreshTtlMs: options.refreshTtlMs, limit: PURGED_AT_ONCE }
        const purged = await options.sessions.purge(bounds)
        total += purged
        if (purged < PURGED_AT_ONCE) break
      }
      return total
    }
  }
}

function issuing({ sessions, tokens, newId }: SessionServiceOptions, announce: Announce) {
  function pairFor(userId: UserId, sessionId: string, generation: number, parent?: RefreshClaims): TokenPair {
    const { token: access } = tokens.issueAccess(userId, sessionId)
    return { access, refresh: tokens.issueRefresh(userId, sessionId, generation, parent).token }
  }

  return {
    /** Starts a session after a password matched `passwordHash`. Null when the stored hash has changed since, or
     *  the user is inactive or deleted. */
    async open(userId: UserId, passwordHash: string, { userAgent, ip }: Device): Promise<TokenPair | null> {
      const id = newId()
      const appended = await sessions.create({ id, userId, passwordHash, userAgent, ip })
      if (appended === null) return null
      announce(appended)
      return pairFor(userId, id, FIRST_GENERATION)
    },

    /** Issues a new access token and a new refresh token. The given token works again until a refresh token issued
     *  for it is used. Its use invalidates the tokens of its own generation, and earlier ones.
     *  @throws refreshTokenNotValid when the token is invalid or its session has ended. The use of a replaced
     *  token ends it. */
    async refresh(token: string, ip: string): Promise<TokenPair> {
      const claims = readRefresh(tokens, token)
      const outcome = await sessions.use({ ...claims, ip })
      if (outcome.status === 'reused') announce(outcome.ended.appended, { userId: claims.userId, ...outcome.ended })
      if (outcome.status !== 'ok') throw refreshTokenNotValid(ENDED)
      return pairFor(claims.userId, claims.sessionId, outcome.next, claims)
    },

    /** Replaces `currentHash` by `newHash`, ends all sessions of the caller, and starts a new one. The access
     *  token of the request stays valid. Null, and nothing changes, when the stored hash has changed since. */
    async changePassword(caller: Claims, hashes: HashChange, { userAgent, ip }: Device): Promise<TokenPair | null> {
      const id = newId()
      const spare = { sessionId: caller.sessionId, tokenId: caller.tokenId }
      const next = { id, userAgent, ip }
      const ended = await sessions.changePassword({ userId: caller.userId, ...hashes, spare, next })
      if (ended === null) return null
      announce(ended.appended, { userId: caller.userId, ...ended, spare })
      return pairFor(caller.userId, id, FIRST_GENERATION)
    }
  }
}

interface HashChange {
  readonly currentHash: string
  readonly newHash: string
}

function ending({ sessions, tokens, refreshTtlMs }: SessionServiceOptions, announce: Announce) {
  /** Returns how many sessions it ended. */
  async function end(userId: UserId, which: SessionSelection, reason: EndReason, ip: string): Promise<number> {
    const ended = await sessions.end(userId, which, { reason, ip })
    announce(ended.appended, { userId, ...ended })
    return ended.sessionIds.length
  }

  return {
    /** Ends the caller's session, and that of `refreshToken`.
     *  @throws refreshTokenNotValid when the token is invalid, expired or another person's. No session ends then. */
    async logOut(caller: Claims, ip: string, refreshToken?: string): Promise<void> {
      const ids = new Set([caller.sessionId])
      if (refreshToken !== undefined) {
        const { userId, sessionId } = readRefresh(tokens, refreshToken)
        if (userId !== caller.userId) throw refreshTokenNotValid()
        ids.add(sessionId)
      }
      await end(caller.userId, { ids: [...ids] }, 'logged_out', ip)
    },

    /** Ends the session of a refresh token.
     *  @throws refreshTokenNotValid when the token is invalid or its session has ended. */
    async endByRefresh(token: string, ip: string): Promise<void> {
      const { userId, sessionId } = readRefresh(tokens, token)
      if ((await end(userId, { ids: [sessionId] }, 'logged_out', ip)) === 0) throw refreshTokenNotValid(ENDED)
    },

    /** One page of the caller's active sessions. */
    async list(
      caller: Claims,
      page: { readonly limit: number; readonly before?: SessionCursor }
    ): Promise<SessionList> {
      const found = await sessions.list(caller.userId, { ...page, refreshTtlMs, limit: page.limit + 1 })
      const shown = found.slice(0, page.limit)
      const next = found.length > page.limit ? (shown.at(-1) ?? null) : null
      return { sessions: shown.map(session => sessionView(session, caller)), next }
    },

    /** Ends a session of the caller, which may be the current one.
     *  @throws notFound when it is absent, another user's, or has ended. */
    async revoke(caller: Claims, sessionId: string, ip: string): Promise<void> {
      if ((await end(caller.userId, { ids: [sessionId] }, 'revoked', ip)) === 0) throw notFound()
    },

    /** Ends all sessions of the caller except the current one. */
    async revokeOthers(caller: Claims, ip: string): Promise<void> {
      await end(caller.userId, { allBut: caller.sessionId }, 'revoked', ip)
    }
  }
}

function sessionView({ id, createdAt, lastUsedAt, userAgent, ip }: ActiveSession, { sessionId }: Claims): Session {
  return {
    id,
    created_at: timestamp(createdAt),
    last_used_at: timestamp(lastUsedAt),
    user_agent: userAgent,
    ip,
    current: id === sessionId
  }
}

function checking({ tokens }: SessionServiceOptions, { isAlive }: SessionCache) {
  return {
    /** The claims of a valid access token with an active session.
     *  @throws accessTokenNotValid for any other text, and when the session has ended. */
    async authenticate(token: string): Promise<Claims> {
      const verified = tokens.verifyAccess(token)
      if (!verified.ok) throw accessTokenNotValid(refusals[verified.reason])
      if (!(await isAlive(verified.claims))) throw accessTokenNotValid(ENDED)
      return verified.claims
    },

    /** Resolves for a valid access or refresh token with an active session.
     *  @throws refreshTokenNotValid otherwise. */
    async check(token: string): Promise<void> {
      const access = tokens.verifyAccess(token)
      const claims = access.ok ? access.claims : readRefresh(tokens, token)
      if (!(await isAlive(claims))) throw refreshTokenNotValid(ENDED)
    }
  }
}

/** The claims of a refresh token. Does not check its session.
 *  @throws refreshTokenNotValid when the token is invalid. */
function readRefresh(tokens: Tokens, token: string): RefreshClaims {
  const verified = tokens.verifyRefresh(token)
  if (!verified.ok) throw refreshTokenNotValid(refusals[verified.reason])
  return verified.claims
}
