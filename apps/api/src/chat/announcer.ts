import type { Clock, Delivery } from '@rendezvous/cluster'
import type { Announcer } from '../announce/outbox/announcer.ts'
import type { Introductions } from '../people/presence/introductions.ts'
import { changeDeliveries } from './changes/deliveries.ts'
import { meetingOf } from './changes/meeting.ts'
import type { Change } from './changes/port.ts'
import { deliveredDeliveries, receiptDeliveries } from './receipts/deliveries.ts'
import type { Advanced, Reached } from './receipts/port.ts'

/** Announces changes, receipts and courtesies of conversations. */
export type ChatAnnouncer = ReturnType<typeof chatAnnouncer>

/** Announces over `announcer`. `clock`: milliseconds since 1970. */
export function chatAnnouncer(options: {
  readonly announcer: Pick<Announcer, 'announce' | 'courtesy'>
  readonly introductions: Introductions
  readonly clock: Clock
}) {
  const { announcer, introductions, clock } = options

  function introduce(changes: readonly Change[]): void {
    for (const change of changes) {
      const meeting = meetingOf(change)
      if (meeting !== null) announcer.courtesy(introductions(meeting), 'presence')
    }
  }

  return {
    /** Announces committed changes, and removes their rows of the outbox. The two people of a new direct conversation
     *  get each other's presence. */
    announce(changes: readonly Change[], outboxIds: readonly number[]): void {
      announcer.announce(changeDeliveries(changes), outboxIds, 'changes')
      introduce(changes)
    },

    /** Sends the two people of each new direct conversation each other's presence. Lost when the bus fails. */
    introduce,

    /** Announces receipts. They are lost when the bus fails; sync still answers them. */
    receipts(moves: readonly Advanced[]): void {
      announcer.courtesy(receiptDeliveries(moves, new Date(clock())), 'receipts')
    },

    /** Announces which messages reached members. Like receipts, this is lost when the bus fails. */
    reached(reached: readonly Reached[]): void {
      announcer.courtesy(deliveredDeliveries(reached, new Date(clock())), 'receipts')
    },

    /** Announces events that are stored nowhere. They are lost when the bus fails. */
    courtesy(deliveries: readonly Delivery[], what: string): void {
      announcer.courtesy(deliveries, what)
    }
  }
}
