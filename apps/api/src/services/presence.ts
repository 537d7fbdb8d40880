import { type Clock, ClusterError, ONLINE_MAX, type Presence } from '@rendezvous/cluster'
import type { PresenceChange, UserId } from '@rendezvous/contract'
import type { Conversations } from '../ports/conversations.ts'
import type { Users } from '../ports/users.ts'
import type { Announcer, Warn } from './announcer.ts'

/** How long a client without a socket stays online after it said so. */
const DECLARED_MS = 5 * 60_000

/** What presence stands on. */
export interface PresenceServiceOptions {
  readonly presence: Pick<Presence, 'online' | 'declare'>
  readonly users: Pick<Users, 'saw'>
  readonly conversations: Pick<Conversations, 'contacts'>
  readonly announcer: Pick<Announcer, 'presence'>
  readonly clock: Clock
  readonly warn: Warn
}

/** Who is online, and who is told of it. */
export type PresenceService = ReturnType<typeof presenceService>

/** Presence as the cluster has it, `last_seen` as the database has it. */
export function presenceService(options: PresenceServiceOptions) {
  const { presence, users, conversations, announcer, clock, warn } = options

  async function onlineOf(userIds: readonly UserId[]): Promise<ReadonlySet<UserId>> {
    const asked = [...new Set(userIds)]
    const found = new Set<UserId>()
    try {
      for (let from = 0; from < asked.length; from += ONLINE_MAX) {
        for (const userId of await presence.online(asked.slice(from, from + ONLINE_MAX))) found.add(userId)
      }
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error
      warn(error, 'presence')
    }
    return found
  }

  /** A report that somebody went may come after he came back to another gateway: that one would stick, so it is not told. */
  async function changed(changes: readonly PresenceChange[]): Promise<void> {
    if (changes.length === 0) return
    await users.saw(changes.map(({ userId, at }) => ({ userId, at: new Date(at) })))
    const back = await onlineOf(changes.filter(({ online }) => !online).map(({ userId }) => userId))
    const told = changes.filter(({ userId, online }) => online || !back.has(userId))
    const audiences = await conversations.contacts(told.map(({ userId }) => userId))
    for (const [index, { userId, online, at }] of told.entries()) {
      announcer.presence({ userId, online, lastSeen: new Date(at) }, audiences[index] ?? [])
    }
  }

  return {
    /** Those of `userIds` who are seen online. Nobody, while presence cannot be reached: reading a profile does not hang on it. */
    online: onlineOf,

    /** A client says how its person wants to be seen. @throws ClusterError when presence cannot be reached. */
    async declare(userId: UserId, online: boolean): Promise<void> {
      const { turned } = await presence.declare(userId, online ? 'online' : 'offline', DECLARED_MS)
      if (turned) await changed([{ userId, online, at: clock() }])
    },

    /** Stores when they were last seen, and tells their contacts and their own devices. */
    changed
  }
}
