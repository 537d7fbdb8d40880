import { type Backend, limits, type UserId } from '@rendezvous/contract'
import type { Timers } from '../timers.ts'

/** How often `last_seen` of an online user is stored. After a crash of all nodes it is at most this old. */
const SEEN_EVERY_MS = 5 * 60_000

/** Reports users of this node as seen, so that their `last_seen` survives a restart. No call rejects. */
export interface LastSeen {
  /** Call it after each `ms`: reports the users whose turn it is. Each user has one turn in `SEEN_EVERY_MS`, and the
   *  turns are spread evenly. */
  pass(ms: number): void
  /** Reports all users, one batch after the other. Stops at the first batch that the api refuses. */
  reportAll(): Promise<void>
}

/** Reports the keys of `users`, which may change at any time. A round takes the users who are here when it begins, so
 *  that users who come and go cannot delay its end. A refused report is not repeated: the user's next turn is soon
 *  enough. */
export function lastSeen(options: {
  readonly users: ReadonlyMap<UserId, unknown>
  readonly backend: Pick<Backend, 'seen'>
  readonly timers: Pick<Timers, 'now'>
  readonly log: (error: unknown, what: string) => void
}): LastSeen {
  const { users, backend, timers, log } = options
  let round: readonly UserId[] = []
  /** The position in `round` of the next turn. */
  let position = 0
  let due = 0
  let reporting = false

  const report = (userIds: readonly UserId[]) => backend.seen([{ userIds, at: timers.now() }])

  /** The next `count` users who are here, or all of them when there are fewer. Begins at most one round. */
  function nextUsers(count: number): UserId[] {
    const next = new Set<UserId>()
    for (let hasBegun = false; next.size < count; position += 1) {
      if (position >= round.length) {
        if (hasBegun || users.size === 0) break
        hasBegun = true
        round = [...users.keys()]
        position = 0
      }
      const userId = round[position]
      if (userId !== undefined && users.has(userId)) next.add(userId)
    }
    return [...next]
  }

  async function reportSome(userIds: readonly UserId[]): Promise<void> {
    if (userIds.length === 0) return
    reporting = true
    await report(userIds).catch(error => log(error, 'last_seen could not be stored'))
    reporting = false
  }

  return {
    pass(ms) {
      due = Math.min(due + (users.size * ms) / SEEN_EVERY_MS, limits.seenUsers)
      if (reporting || due < 1) return
      const count = Math.floor(due)
      due -= count
      void reportSome(nextUsers(count))
    },
    async reportAll() {
      const all = [...users.keys()]
      try {
        for (let from = 0; from < all.length; from += limits.seenUsers)
          await report(all.slice(from, from + limits.seenUsers))
      } catch (error) {
        log(error, 'last_seen could not be stored')
      }
    }
  }
}
