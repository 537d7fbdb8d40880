import { type Clock, ClusterError, ONLINE_MAX, type Presence } from '@rendezvous/cluster'
import type { PresenceChange, SeenUsers, UserId } from '@rendezvous/contract'
import { LRUCache } from 'lru-cache'
import type { Warn } from '../../announce/outbox/announcer.ts'
import type { Users } from '../users/port.ts'
import type { Watchers } from '../visibility/port.ts'
import type { PresenceAnnouncer } from './announcer.ts'
import type { Audience } from './audience.ts'

/** How long a client without a socket stays online after it said so. */
const DECLARED_MS = 5 * 60_000
/** Users whose refused declaration is remembered. */
const REFUSED_USERS = 10_000
const NOBODY: Watchers = { exact: [], coarse: [] }

/** What the service uses. */
export interface PresenceServiceOptions {
  readonly presence: Pick<Presence, 'online' | 'declare'>
  readonly users: Pick<Users, 'saw'>
  readonly audience: Audience
  readonly announcer: PresenceAnnouncer
  readonly clock: Clock
  readonly warn: Warn
}

/** Who is online, and who is told of it. */
export type PresenceService = ReturnType<typeof presenceService>

/** Presence from the cluster, and `last_seen` from the database. `clock`: milliseconds since 1970. */
export function presenceService(options: PresenceServiceOptions) {
  const { presence, users, audience, announcer, clock, warn } = options
  /** Users whose last declaration was refused, although it may have changed what others see. */
  const refused = new LRUCache<UserId, true>({ max: REFUSED_USERS })

  /** Answers what `ask` answers, or `otherwise` while presence cannot be reached. */
  async function orElse<T>(otherwise: T, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error
      warn(error, 'presence')
      return otherwise
    }
  }

  async function askOnline(userIds: readonly UserId[]): Promise<ReadonlySet<UserId>> {
    const asked = [...new Set(userIds)]
    const found = new Set<UserId>()
    for (let from = 0; from < asked.length; from += ONLINE_MAX)
      for (const userId of await presence.online(asked.slice(from, from + ONLINE_MAX))) found.add(userId)
    return found
  }

  const onlineOf = (userIds: readonly UserId[]) => orElse<ReadonlySet<UserId>>(new Set(), () => askOnline(userIds))

  async function watchersOf(userId: UserId): Promise<Watchers> {
    const [watchers = NOBODY] = await orElse([], () => audience([userId]))
    return watchers
  }

  /** Watchers would keep the wrong state after a late report. So a change that no longer holds is not told, and users
   *  who changed while they were told are told once more, as they are now. The second time needs no check: whoever
   *  reports that newer change checks it after telling it. */
  async function changed(changes: readonly PresenceChange[]): Promise<void> {
    if (changes.length === 0) return
    await users.saw(changes.map(({ userId, at }) => ({ userId, at: new Date(at) })))
    const online = await askOnline(changes.map(({ userId }) => userId))
    const holding = changes.filter(change => change.online === online.has(change.userId))
    const userIds = holding.map(({ userId }) => userId)
    const audiences = await audience(userIds)
    const updates = holding.map(({ userId, online, at }, index) => {
      const { exact, coarse } = audiences[index] ?? NOBODY
      return { userId, online, lastSeen: new Date(at), watchers: { exact: [userId, ...exact], coarse } }
    })
    await announcer.tell(updates)

    const current = await askOnline(userIds)
    const outdated = updates.filter(update => update.online !== current.has(update.userId))
    await announcer.tell(outdated.map(update => ({ ...update, online: !update.online, lastSeen: new Date(clock()) })))
  }

  /** Tells a declaration that changed what others see, or may have done so when it was refused before. */
  async function declared(userId: UserId, online: boolean, wasRefused: boolean): Promise<void> {
    const { turned } = await presence.declare(userId, online ? 'online' : 'offline', DECLARED_MS)
    const at = clock()
    if (turned || wasRefused) await changed([{ userId, online, at }])
    else if (online) await users.saw([{ userId, at: new Date(at) }])
  }

  /** Watchers who can no longer see the user are told that the user is offline, without a time. New watchers are told
   *  that the user is online. While the user is offline no watcher is told, since that would reveal their activity.
   *  The user's own devices are told whom they see now. */
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
    /** Those of `userIds` who are seen online. Empty while presence cannot be reached, so that profiles can be read
     *  without it. */
    online: onlineOf,

    /** For each user, in the order asked, the users whose presence they see. Empty while presence is needed for that
     *  and cannot be reached. */
    async seenBy(userIds: readonly UserId[]): Promise<UserId[][]> {
      const audiences = await orElse([], () => audience(userIds))
      return userIds.map((_, index) => allOf(audiences[index] ?? NOBODY))
    },

    /** Shows the user online or offline, as their client asks. Each `online` stores `last_seen`. A refused call must be
     *  repeated at this node: another one may tell nobody.
     *  @throws ClusterError when presence or the bus cannot be reached. */
    async declare(userId: UserId, online: boolean): Promise<void> {
      try {
        await declared(userId, online, refused.delete(userId))
      } catch (error) {
        refused.set(userId, true)
        throw error
      }
    },

    /** Runs `change`, which may change who sees the user. Then tells watchers who can no longer see them, or newly can.
     *  Rejects only when `change` does. */
    async revealing<T>(userId: UserId, change: () => Promise<T>): Promise<T> {
      const before = await watchersOf(userId)
      const result = await change()
      await tellDifference(userId, before).catch(error => warn(error, 'presence'))
      return result
    },

    /** Stores `last_seen` of the users. Tells watchers, and the users' own devices, of each change that still holds.
     *  @throws ClusterError when presence or the bus cannot be reached. Then some may not have been told. */
    changed,

    /** Stores when these users were last seen, and tells nobody. */
    async seen(reports: readonly SeenUsers[]): Promise<void> {
      for (const { userIds, at } of reports) await users.saw(userIds.map(userId => ({ userId, at: new Date(at) })))
    }
  }
}

/** Those of `some` who are not among `others`, whether as exact or as coarse watchers. */
function without(some: Watchers, others: Watchers): Watchers {
  const known = new Set(allOf(others))
  return { exact: some.exact.filter(id => !known.has(id)), coarse: some.coarse.filter(id => !known.has(id)) }
}

function allOf({ exact, coarse }: Watchers): UserId[] {
  return [...exact, ...coarse]
}
