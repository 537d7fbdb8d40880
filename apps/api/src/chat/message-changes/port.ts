import type { ConversationId, Edit, MessageId, Seq, UserId } from '@rendezvous/contract'
import type { Message } from '../messages/port.ts'

/** A message of a conversation, and the person who acts on it. */
export interface MessageRef {
  readonly conversationId: ConversationId
  readonly actorId: UserId
  readonly messageId: MessageId
}

/**
 * The result of a change of a message. Every status but `ok` says why nothing changed:
 * - `unchanged`: the message is in the wanted state already.
 * - `not_found`: the conversation or the message is absent, not visible to the actor, or across a block.
 * - `forbidden`: the actor may not change it, or it is a system message.
 * - `bad_mention`: a mentioned person is not a member.
 * - `full`: there are as many reactions or pins as the limit allows.
 */
export type MessageChanged =
  | {
      readonly status: 'ok'
      readonly seq: Seq
      readonly messageSeq: Seq
      readonly at: Date
      /** The people who are in the direct conversation, the actor first; null for a group. */
      readonly memberIds: readonly UserId[] | null
      readonly membersSeq: Seq
      readonly outboxId: number
      /** Of a reaction: its spelling in this message. */
      readonly emoji?: string
    }
  | { readonly status: 'unchanged' | 'not_found' | 'forbidden' | 'bad_mention' | 'full' }

/** A reaction of one person. */
export interface Reactor {
  readonly userId: UserId
  readonly emoji: string
  readonly at: Date
}

/** Changes of stored messages. Each takes a seq of the conversation, and is durable when it resolves. */
export interface MessageChanges {
  /** `words`: those of the content, as `Draft.words`. */
  edit(
    which: MessageRef,
    text: { readonly content: string; readonly words?: string | null; readonly mentions: readonly UserId[] }
  ): Promise<MessageChanged>
  /** `rank`: the lowest role that may delete messages of others. */
  remove(which: MessageRef, rank: number): Promise<MessageChanged>
  /** Two spellings that differ in U+FE0E or U+FE0F are one reaction. */
  react(which: MessageRef, emoji: string, isAdded: boolean): Promise<MessageChanged>
  /** `rank`: the lowest role that may pin in a group. */
  pin(which: MessageRef, isPinned: boolean, rank: number): Promise<MessageChanged>
  /** The earlier texts of a message, the newest last. Null when the message is not visible to the reader, or the
   *  reader's role is below `rank`. */
  edits(which: MessageRef, rank: number): Promise<Edit[] | null>
  /** Reactions above `after`, by emoji and then by user id; null when the message is not visible to the reader. */
  reactions(
    which: MessageRef,
    page: { readonly limit: number; readonly after: { readonly emoji: string; readonly userId: number } }
  ): Promise<Reactor[] | null>
  /** The pinned messages that are visible to the reader, the last pinned first; null when the conversation is not
   *  theirs. */
  pins(conversationId: ConversationId, readerId: UserId): Promise<Message[] | null>
}
