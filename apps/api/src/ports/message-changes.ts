import type { ConversationId, Edit, MessageId, Seq, UserId } from '@rendezvous/contract'
import type { Message } from './messages.ts'

/** A member and a message of a conversation of his. */
export interface OfMessage {
  readonly conversationId: ConversationId
  readonly actorId: UserId
  readonly messageId: MessageId
}

/**
 * What became of a change of a message. Why nothing changed:
 * - `unchanged`: it is so already.
 * - `not_found`: the conversation or the message is absent or not for the actor to see, or a block lies between.
 * - `forbidden`: not his to change, or the server's own.
 * - `bad_mention`: somebody who is mentioned is no member.
 * - `full`: as many reactions or pins as may be are there.
 */
export type MessageChanged =
  | {
      readonly status: 'ok'
      readonly seq: Seq
      readonly messageSeq: Seq
      readonly at: Date
      /** Who is in a direct conversation, the actor first; null for a group. */
      readonly memberIds: readonly UserId[] | null
      readonly membersSeq: Seq
      readonly outboxId: number
    }
  | { readonly status: 'unchanged' | 'not_found' | 'forbidden' | 'bad_mention' | 'full' }

/** Who reacted how. */
export interface Reactor {
  readonly userId: UserId
  readonly emoji: string
  readonly at: Date
}

/** Changes of stored messages. Each takes a seq of the conversation, and is durable when it resolves. */
export interface MessageChanges {
  edit(
    which: OfMessage,
    text: { readonly content: string; readonly mentions: readonly UserId[] }
  ): Promise<MessageChanged>
  /** `rank`: the role that may delete what others wrote. */
  remove(which: OfMessage, rank: number): Promise<MessageChanged>
  react(which: OfMessage, emoji: string, isAdded: boolean): Promise<MessageChanged>
  /** `rank`: the role that may pin in a group. */
  pin(which: OfMessage, isPinned: boolean, rank: number): Promise<MessageChanged>
  /** The texts a message had before, the newest last; null when the message is not for the reader to see or his role is below `rank`. */
  edits(which: OfMessage, rank: number): Promise<Edit[] | null>
  /** Who reacted, by emoji and user id, those above `after`; null when the message is not for the reader to see. */
  reactions(
    which: OfMessage,
    page: { readonly limit: number; readonly after: { readonly emoji: string; readonly userId: number } }
  ): Promise<Reactor[] | null>
  /** The pinned messages that the reader may see, the newest first; null when the conversation is not his. */
  pins(conversationId: ConversationId, readerId: UserId): Promise<Message[] | null>
}
