import type { Clock } from '@rendezvous/cluster'
import type { UserId } from '@rendezvous/contract'
import type { Announcer } from '../../announce/outbox/announcer.ts'
import type { Watchers } from '../visibility/port.ts'
import { presenceDeliveries, snapshotDelivery } from './deliveries.ts'

/** The presence of one user after a change. */
export interface PresenceState {
  readonly userId: UserId
  readonly online: boolean
  readonly lastSeen: Date | null
}

/** A change of presence and who may see it. */
export interface PresenceUpdate extends PresenceState {
  readonly watchers: Watchers
}

/** Announces presence. It is stored nowhere. */
export type PresenceAnnouncer = ReturnType<typeof presenceAnnouncer>

/** A presence announcer over `announcer`. `clock`: milliseconds since 1970. */
export function presenceAnnouncer(announcer: Pick<Announcer, 'courtesy' | 'publish'>, clock: Clock) {
  return {
    /** Tells the watchers of each update as much as they may see. Resolves when the bus took all updates.
     *  @throws ClusterError when it did not: then some may have been told. */
    tell(updates: readonly PresenceUpdate[]): Promise<void> {
      const at = new Date(clock())
      return announcer.publish(updates.flatMap(update => presenceDeliveries(update, update.watchers, at)))
    },

    /** Tells each of `watchers` as much as they may see. Lost when the bus fails. */
    presence(state: PresenceState, watchers: Watchers): void {
      announcer.courtesy(presenceDeliveries(state, watchers, new Date(clock())), 'presence')
    },

    /** Tells a user's own devices which users they see online now. Lost when the bus fails. */
    snapshot(userId: UserId, online: readonly UserId[]): void {
      announcer.courtesy([snapshotDelivery(userId, online, new Date(clock()))], 'presence')
    }
  }
}
