import type { Static } from 'typebox'
import {
  ConversationCreated,
  ConversationUpdated,
  MemberJoined,
  MemberLeft,
  MemberUpdated,
  Typing
} from './conversation.ts'
import {
  MessageCreated,
  MessageDeleted,
  MessageDelivered,
  MessageEdited,
  MessagePinned,
  MessageRead,
  MessageUnpinned,
  ReactionAdded,
  ReactionRemoved
} from './message.ts'
import { personalEvents } from './personal.ts'
import { PresenceSnapshot, PresenceUpdate } from './presence.ts'
import { Ack, Ready, Reconnect, Resync, SocketError } from './socket.ts'

export * from './common.ts'
export * from './conversation.ts'
export * from './message.ts'
export * from './personal.ts'
export * from './presence.ts'
export * from './socket.ts'

/** Schema of every frame a gateway sends, by `type`. */
export const events = Object.freeze({
  message_created: MessageCreated,
  message_edited: MessageEdited,
  message_deleted: MessageDeleted,
  reaction_added: ReactionAdded,
  reaction_removed: ReactionRemoved,
  message_pinned: MessagePinned,
  message_unpinned: MessageUnpinned,
  message_delivered: MessageDelivered,
  message_read: MessageRead,
  presence_update: PresenceUpdate,
  presence_snapshot: PresenceSnapshot,
  conversation_created: ConversationCreated,
  conversation_updated: ConversationUpdated,
  member_joined: MemberJoined,
  member_left: MemberLeft,
  member_updated: MemberUpdated,
  typing: Typing,
  ...personalEvents,
  ready: Ready,
  resync: Resync,
  reconnect: Reconnect,
  ack: Ack,
  error: SocketError
})

/** Any frame a gateway sends. */
export type Event = { [Name in keyof typeof events]: Static<(typeof events)[Name]> }[keyof typeof events]
