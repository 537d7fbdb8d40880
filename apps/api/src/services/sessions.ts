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
import {
  type Ended,
  FIRST_GENERATION,
  type SessionCursor,
  type Sessions,
  type StandingSession,
  type Which
} from '../ports/sessions.ts'
import type { Announcer } from './announcer.ts'
import { type Gate, sessionGate } from './gate.ts'
import type { Asker } from './passwords.ts'

/** Where a log-in comes from. */
export interface Device extends Asker {
  readonly userAgent: string
}

/** What sessions stand on. */
export interface SessionServiceOptions {
  readonly sessions: Sessions
  readonly tokens: Tokens
  readonly announcer: Pick<Announcer, 'personal' | 'sessionsEnded'>
  /** A new uuid. */
  readonly newId: () => string
  readonly refreshTtlMs: number
  /** Milliseconds of a clock that never goes back, for the age of what the gate remembers. */
  readonly uptime?: () => number
}

/** Log-ins: begun, kept up by refresh tokens, asked about by every request, and ended. */
export type SessionService = ReturnType<typeof sessionService>

/** Sessions, the last used first; `next` is where the list goes on, null at its end. */
export interface SessionList {
  readonly sessions: readonly Session[]
  readonly next: SessionCursor | null
}

/** Makes the end of sessions of the person known, after the commit: their sockets close, and he is told. */
type Announce = (userId: UserId, ended: Ended, spare?: string) => void

/** Ids in one announcement. */
const ANNOUNCED_IDS = 1_000
const PURGED_AT_ONCE = 1_000
const PURGE_ROUNDS = 20
const ENDED = 'Token is blacklisted'

/** The sessions kept in `options.sessions`, with a cache of this node's own in front. */
export function sessionService(options: SessionServiceOptions) {
  const gate = sessionGate(options.sessions, options.uptime ?? (() => performance.now()))
  const { announcer } = options
  const announce: Announce = (userId, { sessionIds, told }, spare) => {
    announcer.personal(told)
    for (let from = 0; from < sessionIds.length; from += ANNOUNCED_IDS) {
      const ended = { userId, sessionIds: sessionIds.slice(from, from + ANNOUNCED_IDS) }
      gate.forget(ended)
      announcer.sessionsEnded(spare === undefined ? ended : { ...ended, spare })
    }
  }

  return {
    ...gate,
    ...checking(options, gate),
    ...keeping(options, announce),
    ...ending(options, announce),

    /** Drops what can never be met again, up to 20,000 rows of each kind. Answers how many. To be called now and then by one timer. */
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

function keeping({ sessions, tokens, newId, announcer }: SessionServiceOptions, announce: Announce) {
  function pairFor(userId: UserId, sessionId: string, generation: number, from?: RefreshClaims): TokenPair {
    const { token: access } = tokens.issueAccess(userId, sessionId)
    return { access, refresh: tokens.issueRefresh(userId, sessionId, generation, from).token }
  }

  return {
    /** Begins a session for who gave the password of `passwordHash`; null when that is not his password any more, or he is gone. */
    async open(userId: UserId, passwordHash: string, { userAgent, ip }: Device): Promise<TokenPair | null> {
      const id = newId()
      const told = await sessions.create({ id, userId, passwordHash, userAgent, ip })
      if (told === null) return null
      announcer.personal(told)
      return pairFor(userId, id, FIRST_GENERATION)
    },

    /** A new access and a new refresh token. The one given works again until the new one, or another made from it, is used; those it was made
     *  beside work no more.
     *  @throws refreshTokenNotValid when it is none of ours, or its session ended, also because this use betrayed a copy. */
    async refresh(token: string): Promise<TokenPair> {
      const claims = readRefresh(tokens, token)
      const outcome = await sessions.use(claims)
      if (outcome.status === 'reused') announce(claims.userId, outcome.ended)
      if (outcome.status !== 'ok') throw refreshTokenNotValid(ENDED)
      return pairFor(claims.userId, claims.sessionId, outcome.next, claims)
    },

    /** Puts `newHash` in the place of `currentHash`, ends all sessions of the caller save for the very access token he came with, and
     *  begins a new one. Null, and nothing happens, when the password has changed in the meantime. */
    async changePassword(caller: Claims, hashes: HashChange, { userAgent, ip }: Device): Promise<TokenPair | null> {
      const id = newId()
      const spare = { sessionId: caller.sessionId, tokenId: caller.tokenId }
      const next = { id, userAgent, ip }
      const ended = await sessions.changePassword({ userId: caller.userId, ...hashes, spare, next })
      if (ended === null) return null
      announce(caller.userId, ended, caller.tokenId)
      return pairFor(caller.userId, id, FIRST_GENERATION)
    }
  }
}

interface HashChange {
  readonly currentHash: string
  readonly newHash: string
}

function ending({ sessions, tokens, refreshTtlMs }: SessionServiceOptions, announce: Announce) {
  /** Answers how many it ended. */
  async function end(userId: UserId, which: Which, reason: EndReason): Promise<number> {
    const ended = await sessions.end(userId, which, reason)
    announce(userId, ended)
    return ended.sessionIds.length
  }

  return {
    /** Ends the caller's session, and that of the refresh token when it is another one of his; any other text there is ignored. */
    async logOut(caller: Claims, refreshToken?: string): Promise<void> {
      const ids = new Set([caller.sessionId])
      const verified = refreshToken === undefined ? null : tokens.verifyRefresh(refreshToken)
      if (verified?.ok && verified.claims.userId === caller.userId) ids.add(verified.claims.sessionId)
      await end(caller.userId, { ids: [...ids] }, 'logged_out')
    },

    /** Ends the session of a refresh token.
     *  @throws refreshTokenNotValid when it is none of ours, or its session has ended. */
    async endByRefresh(token: string): Promise<void> {
      const { userId, sessionId } = readRefresh(tokens, token)
      if ((await end(userId, { ids: [sessionId] }, 'logged_out')) === 0) throw refreshTokenNotValid(ENDED)
    },

    /** The caller's sessions that stand. */
    async list(
      caller: Claims,
      page: { readonly limit: number; readonly before?: SessionCursor }
    ): Promise<SessionList> {
      const found = await sessions.list(caller.userId, { ...page, refreshTtlMs, limit: page.limit + 1 })
      const shown = found.slice(0, page.limit)
      const next = found.length > page.limit ? (shown.at(-1) ?? null) : null
      return { sessions: shown.map(session => sessionView(session, caller)), next }
    },

    /** Ends a session of the caller, also the one he asks by.
     *  @throws notFound when it is absent, not his, or has ended. */
    async revoke(caller: Claims, sessionId: string): Promise<void> {
      if ((await end(caller.userId, { ids: [sessionId] }, 'revoked')) === 0) throw notFound()
    },

    /** Ends all sessions of the caller but the one he asks by. */
    async revokeOthers(caller: Claims): Promise<void> {
      await end(caller.userId, { allBut: caller.sessionId }, 'revoked')
    }
  }
}

function sessionView({ id, createdAt, lastUsedAt, userAgent, ip }: StandingSession, { sessionId }: Claims): Session {
  return {
    id,
    created_at: timestamp(createdAt),
    last_used_at: timestamp(lastUsedAt),
    user_agent: userAgent,
    ip,
    current: id === sessionId
  }
}

function checking({ tokens }: SessionServiceOptions, { isAlive }: Gate) {
  return {
    /** The claims of an access token that may be used now.
     *  @throws accessTokenNotValid for any other text, and when its session has ended. */
    async authenticate(token: string): Promise<Claims> {
      const verified = tokens.verifyAccess(token)
      if (!verified.ok) throw accessTokenNotValid(refusals[verified.reason])
      if (!(await isAlive(verified.claims))) throw accessTokenNotValid(ENDED)
      return verified.claims
    },

    /** Resolves when the token, of either type, is one of ours, in time, and its session stands.
     *  @throws refreshTokenNotValid when not. */
    async check(token: string): Promise<void> {
      const access = tokens.verifyAccess(token)
      const claims = access.ok ? access.claims : readRefresh(tokens, token)
      if (!(await isAlive(claims))) throw refreshTokenNotValid(ENDED)
    }
  }
}

/** What a refresh token says, whatever became of its session.
 *  @throws refreshTokenNotValid */
function readRefresh(tokens: Tokens, token: string): RefreshClaims {
  const verified = tokens.verifyRefresh(token)
  if (!verified.ok) throw refreshTokenNotValid(refusals[verified.reason])
  return verified.claims
}
