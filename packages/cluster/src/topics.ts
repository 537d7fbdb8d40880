import type { ConversationId, UserId } from '@rendezvous/contract'

declare const brand: unique symbol
/** A name one can publish to and subscribe. Made by the functions of this file only. */
export type Topic = string & { readonly [brand]: 'topic' }

/** What reaches every device of one person: `user:<id>`. */
export function userTopic(userId: UserId): Topic {
  return `user:${userId}` as Topic
}

/** What reaches everybody in one conversation that has a room: `room:<id>`. */
export function roomTopic(conversationId: ConversationId): Topic {
  return `room:${conversationId}` as Topic
}
