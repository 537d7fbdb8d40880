import type { Claims, UserId } from '@rendezvous/contract'
import DataLoader from 'dataloader'
import { LRUCache } from 'lru-cache'
import type { SessionState, Sessions } from './port.ts'

/** Sessions of one user that have just ended. */
export interface SessionsEnded {
  readonly userId: UserId
  readonly sessionIds: readonly string[]
}

/** Answers for every request whether its session is active. */
export interface SessionCache {
  /** Whether the access token is still valid, by the state of its session and user. The state is at most a second
   *  old. `forget` takes effect at once. */
  isAlive(claims: Claims): Promise<boolean>
  /** Like `isAlive`, for up to 50 tokens in the order of `claims`, always from the database. For new sockets, and after
   *  interruptions that may have hidden the end of a session. */
  areAlive(claims: readonly Claims[]): Promise<boolean[]>
  /** Drops the cached state of sessions that this node ended. */
  forget(ended: SessionsEnded): void
}

interface CachedState {
  readonly state: Promise<SessionState | null>
  /** When its look-up began. */
  readonly readAt: number
  refreshing: boolean
}

const CACHED_SESSIONS = 100_000
const CACHED_MS = 1_000
/** From this age on a state that is asked for is read again in the background, so that a session in steady use waits for no
 *  look-up. */
const REFRESHED_MS = 500
const SESSIONS_PER_QUERY = 50

/** Caches states for a second, counted from when their look-up began. Concurrent requests of one session share a look-up, and the look-ups of one turn of
 *  the event loop share a query. `uptime`: milliseconds of a monotonic clock. */
export function sessionCache(sessions: Pick<Sessions, 'states'>, uptime: () => number): SessionCache {
  const loader = new DataLoader<string, SessionState | null>(ids => sessions.states(ids), {
    cache: false,
    maxBatchSize: SESSIONS_PER_QUERY,
    batchScheduleFn: load => setImmediate(load)
  })
  const cached = new LRUCache<string, CachedState>({
    max: CACHED_SESSIONS,
    ttl: CACHED_MS,
    ttlResolution: 0,
    perf: { now: uptime }
  })

  function lookUp(sessionId: string): CachedState {
    return { state: loader.load(sessionId), readAt: uptime(), refreshing: false }
  }

  function stateOf(sessionId: string): Promise<SessionState | null> {
    const known = cached.get(sessionId)
    if (known !== undefined) {
      if (!known.refreshing && uptime() - known.readAt >= REFRESHED_MS) refresh(sessionId, known)
      return known.state
    }
    const entry = lookUp(sessionId)
    cached.set(sessionId, entry)
    entry.state.catch(() => {
      if (cached.peek(sessionId) === entry) cached.delete(sessionId)
    })
    return entry.state
  }

  /** Replaces `known` once the new state was read, unless it was dropped meanwhile. A failure leaves it to its end. */
  function refresh(sessionId: string, known: CachedState): void {
    known.refreshing = true
    const entry = lookUp(sessionId)
    entry.state.then(
      () => {
        if (cached.peek(sessionId) === known) cached.set(sessionId, entry, { start: entry.readAt })
      },
      () => {}
    )
  }

  return {
    isAlive: async claims => allows(await stateOf(claims.sessionId), claims),
    async areAlive(claims) {
      const states = await sessions.states(claims.map(({ sessionId }) => sessionId))
      return claims.map((each, index) => allows(states[index] ?? null, each))
    },
    forget({ sessionIds }) {
      for (const id of sessionIds) cached.delete(id)
    }
  }
}

function allows(state: SessionState | null, { userId, tokenId }: Claims): boolean {
  return state !== null && state.userId === userId && (!state.ended || state.sparedTokenId === tokenId)
}
