import type { Clock, Delivery, Presence } from '@rendezvous/cluster'
import { type ConversationId, conversationStream, type Seq, type UserId } from '@rendezvous/contract'
import type { Visibility } from '../visibility/port.ts'
import { presenceDeliveries } from './deliveries.ts'

/** The start of a direct conversation of two people, at `seq`. */
export interface Meeting {
  readonly conversationId: ConversationId
  readonly seq: Seq
  readonly userIds: readonly [UserId, UserId]
}

/** Tells two new contacts whether the other is online. Clients apply it after the event of their conversation.
 *  Empty when one of them hides their presence. @throws ClusterError when the presence port fails. */
export type Introductions = (meeting: Meeting) => Promise<Delivery[]>

/** New contacts need this message: they were no contacts when the other came online, so they got no
 *  `presence_update`. */
export function introductions(options: {
  readonly presence: Pick<Presence, 'online'>
  readonly visibility: Pick<Visibility, 'among'>
  readonly clock: Clock
}): Introductions {
  const { presence, visibility, clock } = options
  return async ({ conversationId, seq, userIds }) => {
    const at = new Date(clock())
    const after = { stream: conversationStream(conversationId), seq }
    const online = await presence.online(userIds)
    const audiences = await visibility.among(online, userIds)
    return online.flatMap((userId, index) => {
      const watchers = audiences[index]
      return watchers === undefined
        ? []
        : presenceDeliveries({ userId, online: true, lastSeen: at }, watchers, at, after)
    })
  }
}
