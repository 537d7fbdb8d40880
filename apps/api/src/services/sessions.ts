import {
  accessTokenNotValid,
  type Claims,
  refreshTokenNotValid,
  type TokenPair,
  type UserId
} from '@rendezvous/contract'
import { type RefreshClaims, refusals, type Tokens } from '@rendezvous/tokens'
import type { Sessions } from '../ports/sessions.ts'
import { type Gate, type SessionsEnded, sessionGate } from './gate.ts'

/** Where a log-in comes from. */
export interface Device {
  readonly userAgent: string
  readonly ip: string
}

/** What sessions stand on. */
export interface SessionServiceOptions {
  readonly sessions: Sessions
  readonly tokens: Tokens
  /** Called after the commit; closes the sockets of those sessions and makes other nodes `forget` them. Must not throw. */
  readonly announceEnd: (ended: SessionsEnded) => void
  /** A new uuid. */
  readonly newId: () => string
  readonly refreshTtlMs: number
  /** Milliseconds of a clock that never goes back, for the age of what the gate remembers. */
  readonly uptime?: () => number
}

/** Log-ins: begun, kept up by refresh tokens, asked about by every request, and ended. */
export type SessionService = ReturnType<typeof sessionService>

/** Tells everybody that sessions of the person ended, after the commit. None is nothing to tell. */
type Tell = (userId: UserId, sessionIds: readonly string[], spare?: string) => void

/** Ids in one announcement; of more, all sessions of the person are said to have ended. */
const ANNOUNCED_IDS = 1_000
const PURGED_AT_ONCE = 1_000
const PURGE_ROUNDS = 20
const ENDED = 'Token is blacklisted'

/** The sessions kept in `options.sessions`, with a cache of this node's own in front. */
export function sessionService(options: SessionServiceOptions) {
  const gate = sessionGate(options.sessions, options.uptime ?? (() => performance.now()))
  const tell: Tell = (userId, ids, spare) => {
    if (ids.length === 0) return
    const ended = { userId, sessionIds: ids.length > ANNOUNCED_IDS ? ('all' as const) : ids }
    gate.forget(ended)
    options.announceEnd(spare === undefined ? ended : { ...ended, spare })
  }

  return {
    ...gate,
    ...checking(options, gate),
    ...keeping(options, tell),
    ...ending(options, tell),

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

function keeping({ sessions, tokens, newId }: SessionServiceOptions, tell: Tell) {
  function pairFor(userId: UserId, sessionId: string, from?: RefreshClaims): TokenPair {
    const { token: access } = tokens.issueAccess(userId, sessionId)
    return { access, refresh: tokens.issueRefresh(userId, sessionId, from).token }
  }

  return {
    /** Begins a session for who gave the password of `passwordHash`; null when that is not his password any more, or he is gone. */
    async open(userId: UserId, passwordHash: string, device: Device): Promise<TokenPair | null> {
      const id = newId()
      const created = await sessions.create({ id, userId, passwordHash, ...device })
      return created ? pairFor(userId, id) : null
    },

    /** A new access and a new refresh token. The one given works again until the new one is used.
     *  @throws refreshTokenNotValid when it is none of ours, or its session ended, also because this use betrayed a copy. */
    async refresh(token: string): Promise<TokenPair> {
      const claims = readRefresh(tokens, token)
      const outcome = await sessions.use(claims)
      if (outcome === 'reused') tell(claims.userId, [claims.sessionId])
      if (outcome !== 'ok') throw refreshTokenNotValid(ENDED)
      return pairFor(claims.userId, claims.sessionId, claims)
    },

    /** Puts `newHash` in the place of `currentHash`, ends all sessions of the caller save for the very access token he came with, and
     *  begins a new one. Null, and nothing happens, when the password has changed in the meantime. */
    async changePassword(caller: Claims, hashes: HashChange, device: Device): Promise<TokenPair | null> {
      const id = newId()
      const spare = { sessionId: caller.sessionId, tokenId: caller.tokenId }
      const ended = await sessions.changePassword({ userId: caller.userId, ...hashes, spare, next: { id, ...device } })
      if (ended === null) return null
      tell(caller.userId, ended, caller.tokenId)
      return pairFor(caller.userId, id)
    }
  }
}

interface HashChange {
  readonly currentHash: string
  readonly newHash: string
}

function ending({ sessions, tokens }: SessionServiceOptions, tell: Tell) {
  async function end(userId: UserId, sessionIds: Iterable<string>): Promise<void> {
    const ended: string[] = []
    for (const id of sessionIds) if (await sessions.end(userId, id)) ended.push(id)
    tell(userId, ended)
  }

  return {
    /** Ends the caller's session, and that of the refresh token when it is another one of his; any other text there is ignored. */
    async logOut(caller: Claims, refreshToken?: string): Promise<void> {
      const ids = new Set([caller.sessionId])
      const verified = refreshToken === undefined ? null : tokens.verifyRefresh(refreshToken)
      if (verified?.ok && verified.claims.userId === caller.userId) ids.add(verified.claims.sessionId)
      await end(caller.userId, ids)
    },

    /** Ends the session of a refresh token.
     *  @throws refreshTokenNotValid when it is none of ours. */
    async endByRefresh(token: string): Promise<void> {
      const { userId, sessionId } = readRefresh(tokens, token)
      await end(userId, [sessionId])
    },

    /** Ends all sessions of a person, as for a ban. */
    async endAll(userId: UserId): Promise<void> {
      tell(userId, await sessions.endAll(userId))
    }
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
