import type { Claims, UserId } from '@rendezvous/contract'
import DataLoader from 'dataloader'
import { LRUCache } from 'lru-cache'
import type { SessionState, Sessions } from '../ports/sessions.ts'

/** Sessions that just ended; `spare` is an access token of one of them that lives on. */
export interface SessionsEnded {
  readonly userId: UserId
  readonly sessionIds: readonly string[] | 'all'
  readonly spare?: string
}

/** Asked by every request whether its session stands. */
export interface Gate {
  /** Whether an access token may still be used, its session and its person considered. As of at most a second ago; what this node was
   *  told to `forget` counts at once. */
  isAlive(claims: Claims): Promise<boolean>
  /** The same of up to 50, under their places, as of now: for who opens a socket, or may have missed the end of a session. */
  areAlive(claims: readonly Claims[]): Promise<boolean[]>
  /** Drops what is remembered of sessions that ended, here or on another node. */
  forget(ended: SessionsEnded): void
}

interface Remembered {
  readonly userId: UserId
  readonly state: Promise<SessionState | null>
}

const REMEMBERED = 100_000
const REMEMBERED_MS = 1_000
const ASKED_AT_ONCE = 50

/** Remembers answers for a second, and look-ups under way: many requests of one session at once are one look-up, and look-ups of one
 *  turn of the event loop are one query. `uptime`: milliseconds of a clock that never goes back. */
export function sessionGate(sessions: Pick<Sessions, 'states'>, uptime: () => number): Gate {
  const loader = new DataLoader<string, SessionState | null>(ids => sessions.states(ids), {
    cache: false,
    maxBatchSize: ASKED_AT_ONCE,
    batchScheduleFn: load => setImmediate(load)
  })
  const remembered = new LRUCache<string, Remembered>({
    max: REMEMBERED,
    ttl: REMEMBERED_MS,
    ttlResolution: 0,
    perf: { now: uptime }
  })

  function stateOf({ sessionId, userId }: Claims): Promise<SessionState | null> {
    const known = remembered.get(sessionId)
    if (known !== undefined) return known.state

    const asked = { userId, state: loader.load(sessionId) }
    remembered.set(sessionId, asked)
    asked.state.catch(() => {
      if (remembered.peek(sessionId) === asked) remembered.delete(sessionId)
    })
    return asked.state
  }

  return {
    isAlive: async claims => allows(await stateOf(claims), claims),
    async areAlive(claims) {
      const states = await sessions.states(claims.map(({ sessionId }) => sessionId))
      return claims.map((each, index) => allows(states[index] ?? null, each))
    },
    forget({ userId, sessionIds }) {
      const ids = sessionIds === 'all' ? idsOf(remembered, userId) : sessionIds
      for (const id of ids) remembered.delete(id)
    }
  }
}

function allows(state: SessionState | null, { userId, tokenId }: Claims): boolean {
  return state !== null && state.userId === userId && (!state.ended || state.sparedTokenId === tokenId)
}

function idsOf(remembered: LRUCache<string, Remembered>, userId: UserId): string[] {
  return [...remembered.entries()].flatMap(([id, known]) => (known.userId === userId ? [id] : []))
}
