import type { ConversationId, MessageId, Seq, UserId } from '@rendezvous/contract'

/** Up to where a member got. Read raises delivered. */
export interface Receipt {
  readonly conversationId: ConversationId
  readonly userId: UserId
  readonly deliveredSeq?: Seq
  readonly readSeq?: Seq
  /** The reading is for the member himself: nobody else is to be told. */
  readonly private?: boolean
}

/** A message that a watermark newly covers. */
export interface Covered {
  readonly id: MessageId
  readonly seq: Seq
  readonly senderId: UserId
}

/** A watermark's move; from = to when it did not. `messages` are those of others between, ascending, the newest
 *  `limits.receiptsPerAdvance` at most. */
export interface Move {
  readonly from: Seq
  readonly to: Seq
  readonly messages: readonly Covered[]
}

/** How a membership's watermarks moved. */
export interface Advanced {
  readonly conversationId: ConversationId
  readonly userId: UserId
  /** The other person of a direct conversation; null in a group. */
  readonly peerId: UserId | null
  readonly delivered: Move
  readonly read: Move
  /** How the member's own position moved, private reading included, and the newest message it newly covers. */
  readonly own: { readonly from: Seq; readonly to: Seq; readonly last: Omit<Covered, 'senderId'> | null }
  /** Whether others are told: not in conversations of more than 32. */
  readonly told: boolean
  readonly membersSeq: Seq
}

/** Watermarks of what was delivered and read. They never go down, and never above the last seq of their conversation. */
export interface Receipts {
  /**
   * Moves watermarks in one transaction and answers each receipt under its place; null when the conversation is absent, the user is
   * not in it, or a block lies between. Of several receipts of one member the first answers the whole move, the others none. In
   * conversations of more than 32 members watermarks move and no messages are named; in other groups only the newest is.
   */
  advance(receipts: readonly Receipt[]): Promise<(Advanced | null)[]>
  /** Everything that waits for the user in his `limits.recentConversations` last changed conversations counts as delivered. Answers those that
   *  moved, which name no more than the newest `limits.receiptsOnConnect` messages together, those of the last changed conversations, and of
   *  each the newest. */
  deliverAll(userId: UserId): Promise<Advanced[]>
}
