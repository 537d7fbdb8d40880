import type { ConversationId, UserId } from '@rendezvous/contract'

declare const brand: unique symbol
/** The name of a bus topic. Only the functions of this file make one. */
export type Topic = string & { readonly [brand]: 'topic' }

/** The topic of all devices of one user: `user:<id>`. */
export function userTopic(userId: UserId): Topic {
  return `user:${userId}` as Topic
}

/** The topic of all members of one conversation that has a room: `room:<id>`. */
export function roomTopic(conversationId: ConversationId): Topic {
  return `room:${conversationId}` as Topic
}
