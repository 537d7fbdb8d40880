import type { ConversationId, MessageId, MessageStatus, Reaction, Seq, SystemFacts, UserId } from '@rendezvous/contract'

/** The stored kind of a message: 1 text of a person, 2 system message. */
export type MessageKind = number

/** A message to store. `clientId` is its idempotency key, unique per sender and conversation. */
export interface Draft {
  readonly conversationId: ConversationId
  readonly senderId: UserId
  /** A uuid, in lower case. */
  readonly clientId: string
  /** The same uuid as the client sent it, when that is another spelling. */
  readonly clientIdSent?: string
  readonly kind: MessageKind
  /** 1 to `limits.messageCharacters` characters, without U+0000. */
  readonly content: string
  /** The words of the content, as `wordsOf` makes them. Without them, searches look for the message as earlier releases
   *  did, until the worker makes them. */
  readonly words?: string | null
  /** The message that this one replies to. */
  readonly replyTo?: MessageId | null
  /** Whether `replyTo` may be a deleted message. */
  readonly replyGone?: boolean
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
  /** The people of a direct conversation, the sender first: one for notes to oneself. Null for a group. */
  readonly memberIds: readonly UserId[] | null
  readonly membersSeq: Seq
  /** Members of the conversation; null when it was not read. */
  readonly memberCount: number | null
}

/**
 * The result of a draft:
 * - `created`: stored. `rejoinedIds` are people who had left the direct conversation and are in it again. `outboxId` is
 *   the row of its announcement (see Outbox); most messages of a batch share one.
 * - `duplicate`: a message with this `clientId` and content is stored already, or was edited or deleted since. Its
 *   facts are answered.
 * - `conflict`: a message with this `clientId` and another content is stored already.
 * - `not_found`: the conversation is absent or across a block, the sender is not in it, or its other person is deleted
 *   or inactive.
 * - `bad_reply`: the sender sees no such message in the conversation, or (without `replyGone`) it was deleted.
 * - `bad_mention`: a mentioned person is not a member.
 * - `invalid`: the database refused the row (a bound or an encoding).
 * - `failed`: the database failed with `error` while it stored other drafts of the call.
 */
export type Appended =
  | ({ readonly status: 'created'; readonly outboxId: number; readonly rejoinedIds: readonly UserId[] } & Stored)
  | ({ readonly status: 'duplicate' } & Stored)
  | { readonly status: 'conflict' | 'not_found' | 'bad_reply' | 'bad_mention' | 'invalid' }
  | { readonly status: 'failed'; readonly error: unknown }

/** A message as a member sees it. */
export interface Message {
  readonly id: MessageId
  readonly conversationId: ConversationId
  readonly seq: Seq
  readonly number: number
  readonly senderId: UserId
  /** The other person of a direct conversation, or the sender of a note to oneself; null in a group. */
  readonly receiverId: UserId | null
  /** As the client sent it. */
  readonly clientId: string
  readonly kind: MessageKind
  readonly content: string
  readonly createdAt: Date
  /** What the receiver did with it, by their watermarks; always `sent` in a group, and `read` for a note to oneself. */
  readonly status: MessageStatus
  /** For the reader's own message: whether another member has read it, in conversations with receipts. For other
   *  messages: whether the reader has. False without a reader. */
  readonly isRead: boolean
  /** Seq of its last change; `seq` when it never changed. */
  readonly changedSeq: Seq
  readonly editedAt: Date | null
  readonly pinnedAt: Date | null
  readonly replyTo: MessageId | null
  /** Whether the message that it replies to was deleted or has expired. */
  readonly replyGone: boolean
  readonly mentions: readonly UserId[]
  /** `mine` says whether the reader reacted so; false without a reader. */
  readonly reactions: readonly Reaction[]
  /** The facts of a system message; null for any other. */
  readonly system: SystemFacts | null
}

/** Messages below `beforeSeq` and above `afterSeq`. The newest of them, but with `afterSeq` alone the oldest above
 *  it. */
export interface MessageWindow {
  readonly beforeSeq?: Seq
  readonly afterSeq?: Seq
  readonly limit: number
}

/** Messages, oldest first. `hasMore` says whether the window has older ones (with `afterSeq` alone: newer ones). */
export interface MessagePage {
  readonly messages: readonly Message[]
  readonly hasMore: boolean
}

/** Where a message is: its conversation, and its seq there. */
export interface MessagePlace {
  readonly conversationId: ConversationId
  readonly seq: Seq
}

/** What a message refers to. */
export interface References {
  readonly replyTo: MessageId | null
  /** Whether the sender no longer sees `replyTo`, because it was deleted or has expired. False without a reply. Null
   *  when they never saw such a message. */
  readonly replyGone: boolean | null
  /** Mentioned people who left the group. */
  readonly left: readonly UserId[]
  /** Mentioned people who never were in the conversation. */
  readonly strangers: readonly UserId[]
}

/** Stores messages. Users see messages of their conversations from where they last joined, neither deleted nor expired.
 *  With full history, a group's members see earlier ones too. */
export interface Messages {
  /**
   * Stores drafts, durable when it resolves. It answers each draft, in order. Seqs are dense and in the order of the
   * drafts. A sender's `clientId` appears once for each conversation in a call. The call is one transaction. If the
   * database refuses a draft, that draft is `invalid`, and the others are stored in several transactions. A draft of
   * one that fails is `failed`. A repeated call stores nothing twice.
   */
  append(drafts: readonly Draft[]): Promise<Appended[]>
  /** Like `append`, but waits at most 100 milliseconds for a locked conversation. Then it answers null, and nothing was
   *  stored. */
  tryAppend(drafts: readonly Draft[]): Promise<Appended[] | null>
  /** Null when the conversation is absent or not the user's. */
  page(conversationId: ConversationId, userId: UserId, window: MessageWindow): Promise<MessagePage | null>
  /** Null when the message or its conversation is absent or not visible to the user. */
  findForMember(conversationId: ConversationId, messageId: MessageId, userId: UserId): Promise<Message | null>
  /** The seq of a message that is visible to the user, or was before it was deleted; null as above. */
  locate(conversationId: ConversationId, messageId: MessageId, userId: UserId): Promise<Seq | null>
  /** Finds a visible message in the user's `limits.recentConversations` last active conversations; null when it is in
   *  none of them. */
  whereIs(messageId: MessageId, userId: UserId): Promise<MessagePlace | null>
  /** What became of references of a text that the user writes; null when the conversation is absent or not theirs. */
  references(
    conversationId: ConversationId,
    userId: UserId,
    of: Pick<References, 'replyTo'> & { readonly mentions: readonly UserId[] }
  ): Promise<References | null>
}
