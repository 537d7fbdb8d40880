import { type Clock, ClusterError, ONLINE_MAX, type Presence } from '@rendezvous/cluster'
import type { PresenceChange, UserId } from '@rendezvous/contract'
import type { Users } from '../ports/users.ts'
import type { Watchers } from '../ports/visibility.ts'
import type { Announcer, Warn } from './announcer.ts'
import type { Audience } from './audience.ts'

/** How long a client without a socket stays online after it said so. */
const DECLARED_MS = 5 * 60_000
const NOBODY: Watchers = { exact: [], coarse: [] }

/** What presence stands on. */
export interface PresenceServiceOptions {
  readonly presence: Pick<Presence, 'online' | 'declare'>
  readonly users: Pick<Users, 'saw'>
  readonly audience: Audience
  readonly announcer: Pick<Announcer, 'presence' | 'snapshot'>
  readonly clock: Clock
  readonly warn: Warn
}

/** Who is online, and who is told of it. */
export type PresenceService = ReturnType<typeof presenceService>

/** Presence as the cluster has it, `last_seen` as the database has it. */
export function presenceService(options: PresenceServiceOptions) {
  const { presence, users, audience, announcer, clock, warn } = options

  /** What `ask` answers; `otherwise` while presence cannot be reached. */
  async function orElse<T>(otherwise: T, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error
      warn(error, 'presence')
      return otherwise
    }
  }

  async function onlineOf(userIds: readonly UserId[]): Promise<ReadonlySet<UserId>> {
    const asked = [...new Set(userIds)]
    const found = new Set<UserId>()
    return orElse(found, async () => {
      for (let from = 0; from < asked.length; from += ONLINE_MAX) {
        for (const userId of await presence.online(asked.slice(from, from + ONLINE_MAX))) found.add(userId)
      }
      return found
    })
  }

  async function watchersOf(userId: UserId): Promise<Watchers> {
    const [watchers = NOBODY] = await orElse([], () => audience([userId]))
    return watchers
  }

  /** A report that somebody went may come after he came back to another gateway: that one would stick, so it is not told. */
  async function changed(changes: readonly PresenceChange[]): Promise<void> {
    if (changes.length === 0) return
    await users.saw(changes.map(({ userId, at }) => ({ userId, at: new Date(at) })))
    const back = await onlineOf(changes.filter(({ online }) => !online).map(({ userId }) => userId))
    const told = changes.filter(({ userId, online }) => online || !back.has(userId))
    const audiences = await audience(told.map(({ userId }) => userId))
    for (const [index, { userId, online, at }] of told.entries()) {
      const { exact, coarse } = audiences[index] ?? NOBODY
      announcer.presence({ userId, online, lastSeen: new Date(at) }, { exact: [userId, ...exact], coarse })
    }
  }

  /** Who saw him before and does not now takes him for gone, and is not told when. Who is not online has nothing to tell but that he is
   *  active now, which nobody shall learn. His own devices learn whom they see now. */
  async function tellDifference(userId: UserId, before: Watchers): Promise<void> {
    const after = await watchersOf(userId)
    const lost = without(before, after)
    const gained = without(after, before)
    if (allOf(lost).length === 0 && allOf(gained).length === 0) return

    const seen = allOf(after)
    const online = await onlineOf([userId, ...seen])
    announcer.snapshot(userId, [userId, ...seen.filter(id => online.has(id))])
    if (!online.has(userId)) return
    announcer.presence({ userId, online: false, lastSeen: null }, lost)
    announcer.presence({ userId, online: true, lastSeen: new Date(clock()) }, gained)
  }

  return {
    /** Those of `userIds` who are seen online. Nobody, while presence cannot be reached: reading a profile does not hang on it. */
    online: onlineOf,

    /** Under the place of each those whose presence he sees. Nobody, while presence cannot be reached and is needed for it. */
    async seenBy(userIds: readonly UserId[]): Promise<UserId[][]> {
      const audiences = await orElse([], () => audience(userIds))
      return userIds.map((_, index) => allOf(audiences[index] ?? NOBODY))
    },

    /** A client says how its person wants to be seen. @throws ClusterError when presence cannot be reached. */
    async declare(userId: UserId, online: boolean): Promise<void> {
      const { turned } = await presence.declare(userId, online ? 'online' : 'offline', DECLARED_MS)
      if (turned) await changed([{ userId, online, at: clock() }])
    },

    /** Does what may change who sees the person, then tells those who see him no more, or anew. Rejects only when `change` does. */
    async revealing<T>(userId: UserId, change: () => Promise<T>): Promise<T> {
      const before = await watchersOf(userId)
      const result = await change()
      await tellDifference(userId, before).catch(error => warn(error, 'presence'))
      return result
    },

    /** Stores when they were last seen, and tells those who see it and their own devices. */
    changed
  }
}

/** Those of `some` who are not among `others`, however much these see. */
function without(some: Watchers, others: Watchers): Watchers {
  const known = new Set(allOf(others))
  return { exact: some.exact.filter(id => !known.has(id)), coarse: some.coarse.filter(id => !known.has(id)) }
}

function allOf({ exact, coarse }: Watchers): UserId[] {
  return [...exact, ...coarse]
}
