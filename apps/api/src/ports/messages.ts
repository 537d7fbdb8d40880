import type { ConversationId, MessageId, MessageStatus, Reaction, Seq, SystemFacts, UserId } from '@rendezvous/contract'

/** What a message is, as stored: 1 text, 2 the server's own. */
export type MessageKind = number

/** A message to store. `clientId` makes it repeatable: unique for its sender and conversation. */
export interface Draft {
  readonly conversationId: ConversationId
  readonly senderId: UserId
  /** A uuid, in lower case. */
  readonly clientId: string
  readonly kind: MessageKind
  /** At most 4,000 characters, neither empty nor with U+0000. */
  readonly content: string
  /** The message this one answers. */
  readonly replyTo?: MessageId | null
  /** Members, at most `limits.mentions`. */
  readonly mentions?: readonly UserId[]
}

/** Facts of a stored message. */
export interface Stored {
  readonly id: MessageId
  readonly seq: Seq
  /** 1, 2, 3 ... among the messages of its conversation. */
  readonly number: number
  readonly createdAt: Date
  /** The two people of a direct conversation, the sender first; null for a group, which is told as a room. */
  readonly memberIds: readonly [UserId, UserId] | null
  readonly membersSeq: Seq
}

/**
 * What became of a draft:
 * - `created`: stored. `rejoinedIds` names who had left the direct conversation and was brought back by it; `outboxId` is owed
 *   until the message is announced (see Outbox); most messages of a batch share one.
 * - `duplicate`: this `clientId` is stored already, with the same content (or edited or deleted since); its facts are answered.
 * - `conflict`: this `clientId` is stored already, with another content.
 * - `not_found`: the conversation is absent, the sender is not in it, the other person of it is gone, or a block lies between.
 * - `bad_reply`, `bad_mention`: there is no such message for the sender to see; somebody who is mentioned is no member.
 * - `invalid`: the database refused the row itself (a bound or an encoding).
 */
export type Appended =
  | ({ readonly status: 'created'; readonly outboxId: number; readonly rejoinedIds: readonly UserId[] } & Stored)
  | ({ readonly status: 'duplicate' } & Stored)
  | { readonly status: 'conflict' | 'not_found' | 'bad_reply' | 'bad_mention' | 'invalid' }

/** A message as a member sees it. */
export interface Message {
  readonly id: MessageId
  readonly conversationId: ConversationId
  readonly seq: Seq
  readonly number: number
  readonly senderId: UserId
  /** The other person of a direct conversation; null in a group. */
  readonly receiverId: UserId | null
  readonly clientId: string
  readonly kind: MessageKind
  readonly content: string
  readonly createdAt: Date
  /** How far the other person has got; `sent` in a group. */
  readonly status: MessageStatus
  /** Of one's own, whether anybody else has read it, in groups that have receipts; of others', whether oneself has. False where nobody reads. */
  readonly isRead: boolean
  /** Seq of its last change, its own when it was never changed. */
  readonly changedSeq: Seq
  readonly editedAt: Date | null
  readonly pinnedAt: Date | null
  readonly replyTo: MessageId | null
  readonly mentions: readonly UserId[]
  /** `mine` is of who reads; false where nobody reads. */
  readonly reactions: readonly Reaction[]
  /** What a message of the server's own says; null for any other. */
  readonly system: SystemFacts | null
}

/** Which messages: below `beforeSeq` and above `afterSeq`. Newest first unless `afterSeq` stands alone; then the oldest above it. */
export interface MessageWindow {
  readonly beforeSeq?: Seq
  readonly afterSeq?: Seq
  readonly limit: number
}

/** Messages oldest first; `hasMore` says whether the window holds others, older ones (after `afterSeq` alone: newer ones). */
export interface MessagePage {
  readonly messages: readonly Message[]
  readonly hasMore: boolean
}

/** A message's place: its conversation, and its seq there. */
export interface MessagePlace {
  readonly conversationId: ConversationId
  readonly seq: Seq
}

/** Messages in the database. A person sees those of conversations he is in, from where he (last) joined, neither deleted nor expired. */
export interface Messages {
  /**
   * Stores drafts in one transaction, durable when it resolves, and answers each under its place. Seqs are dense and in the order of
   * the drafts. A draft that the database refuses is `invalid` and leaves its neighbours alone. Repeating a call that failed or whose
   * answer was lost stores nothing twice.
   */
  append(drafts: readonly Draft[]): Promise<Appended[]>
  /** Null when the conversation is absent or not the user's. */
  page(conversationId: ConversationId, userId: UserId, window: MessageWindow): Promise<MessagePage | null>
  /** Null when the message or its conversation is absent or not for the user to see. */
  findForMember(conversationId: ConversationId, messageId: MessageId, userId: UserId): Promise<Message | null>
  /** The place of a message the user may see, deleted or not; null as above. */
  locate(conversationId: ConversationId, messageId: MessageId, userId: UserId): Promise<Seq | null>
  /** Where a message is that the user may see, in one of his `limits.recentConversations` last changed conversations; null when in none. */
  whereIs(messageId: MessageId, userId: UserId): Promise<MessagePlace | null>
}
