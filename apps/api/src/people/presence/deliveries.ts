import { type Delivery, type Header, userTopic } from '@rendezvous/cluster'
import { EVENT_VERSION, type Event, type Seq, timestamp, type UserId } from '@rendezvous/contract'
import { frameOf } from '../../announce/runs.ts'
import { lastSeenShown, type Watchers } from '../visibility/port.ts'

/** Tells each of `watchers` whether a user is online, as much as they may see. Clients apply it after the value
 *  `after`. */
export function presenceDeliveries(
  user: { readonly userId: UserId; readonly online: boolean; readonly lastSeen: Date | null },
  watchers: Watchers,
  at: Date,
  after?: { readonly stream: string; readonly seq: Seq }
): Delivery[] {
  const header: Header = after === undefined ? { kind: 'courtesy' } : { kind: 'courtesy', after }
  return (['exact', 'coarse'] as const).flatMap(visibility => {
    const topics = watchers[visibility].map(userTopic)
    const event = presenceEvent(user.userId, user.online, lastSeenShown(user.lastSeen, visibility), at)
    return topics.length === 0 ? [] : [{ topics, envelope: { header, frames: [frameOf(event)] } }]
  })
}

/** Tells a user's own devices who is online, of the users whose presence they see. */
export function snapshotDelivery(userId: UserId, online: readonly UserId[], at: Date): Delivery {
  return {
    topics: [userTopic(userId)],
    envelope: { header: { kind: 'courtesy' }, frames: [frameOf(snapshotEvent(online, at))] }
  }
}

/** The `presence_update` of a user who came online or went offline at `at`. `lastSeen` is null when it is unknown
 *  or hidden. */
function presenceEvent(userId: UserId, online: boolean, lastSeen: Date | null, at: Date): Event {
  const seen = lastSeen === null ? null : timestamp(lastSeen)
  return { type: 'presence_update', user_id: userId, online, last_seen: seen, v: EVENT_VERSION, at: timestamp(at) }
}

/** The `presence_snapshot` with the users in `online`. */
function snapshotEvent(online: readonly UserId[], at: Date): Event {
  return { type: 'presence_snapshot', online_user_ids: [...online], v: EVENT_VERSION, at: timestamp(at) }
}
