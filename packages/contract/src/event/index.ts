import type { Static } from 'typebox'
import { ConversationCreated, MemberJoined, MemberLeft } from './conversation.ts'
import { MessageCreated, MessageDelivered, MessageRead } from './message.ts'
import { PresenceSnapshot, PresenceUpdate } from './presence.ts'
import { Ack, Ready, Reconnect, Resync, SocketError } from './socket.ts'

export * from './common.ts'
export * from './conversation.ts'
export * from './message.ts'
export * from './presence.ts'
export * from './socket.ts'

/** Every frame a gateway sends, by `type`. */
export const events = Object.freeze({
  message_created: MessageCreated,
  message_delivered: MessageDelivered,
  message_read: MessageRead,
  presence_update: PresenceUpdate,
  presence_snapshot: PresenceSnapshot,
  conversation_created: ConversationCreated,
  member_joined: MemberJoined,
  member_left: MemberLeft,
  ready: Ready,
  resync: Resync,
  reconnect: Reconnect,
  ack: Ack,
  error: SocketError
})

/** Any frame a gateway sends. */
export type Event = { [Name in keyof typeof events]: Static<(typeof events)[Name]> }[keyof typeof events]
