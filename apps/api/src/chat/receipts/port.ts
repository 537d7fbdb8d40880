import type { ConversationId, MessageId, Seq, UserId } from '@rendezvous/contract'

/** The seqs up to which a member received and read. Reading raises delivered too. */
export interface Receipt {
  readonly conversationId: ConversationId
  readonly userId: UserId
  readonly deliveredSeq?: Seq
  readonly readSeq?: Seq
  /** The reading counts for the member alone: nobody else is told. */
  readonly private?: boolean
}

/** A message that a watermark newly covers. */
export interface Covered {
  readonly id: MessageId
  readonly seq: Seq
  readonly senderId: UserId
}

/** A watermark's move. `from` equals `to` when it did not move. `messages` are those of others in between, ascending:
 *  the newest `limits.receiptsPerAdvance` at most. */
export interface Move {
  readonly from: Seq
  readonly to: Seq
  readonly messages: readonly Covered[]
}

/** Messages of one conversation up to `seq` reached devices of several members. */
export interface Delivered {
  readonly conversationId: ConversationId
  readonly userIds: readonly UserId[]
  readonly seq: Seq
}

/** Messages that newly reached members, and who is told. */
export interface Reached {
  readonly conversationId: ConversationId
  readonly userIds: readonly UserId[]
  /** The other person of a direct conversation, where `userIds` has one entry; null in a group. */
  readonly peerId: UserId | null
  /** Ascending. In a direct conversation the newest `limits.receiptsPerAdvance` at most; in a group the newest one. */
  readonly messages: readonly Covered[]
  readonly membersSeq: Seq
}

/** How a membership's watermarks moved. */
export interface Advanced {
  readonly conversationId: ConversationId
  readonly userId: UserId
  /** The other person of a direct conversation; null in a group. */
  readonly peerId: UserId | null
  readonly delivered: Move
  readonly read: Move
  /** How the member's own position moved, private readings included, and the newest message it newly covers. */
  readonly own: { readonly from: Seq; readonly to: Seq; readonly last: Omit<Covered, 'senderId'> | null }
  /** Whether others are told: not in large groups. */
  readonly told: boolean
  readonly membersSeq: Seq
}

/**
 * Delivered and read watermarks. They never go down, and never above the last seq of their conversation.
 *
 * A group of more than `limits.receiptMembers` is a large group. Its delivered watermarks move with reading alone, and
 * other members are told of neither. When a group grows large its watermarks stay. They move on when it shrinks again.
 */
export interface Receipts {
  /**
   * Moves watermarks in one transaction and answers each receipt under its place. Null when the conversation is absent,
   * the user is not in it, or it is across a block. Of several receipts of one member the first gets the whole move,
   * the others a move of nothing. In large groups no messages are named, in other groups only the newest.
   */
  advance(receipts: readonly Receipt[]): Promise<(Advanced | null)[]>
  /** Moves the delivered watermarks of all named members by one statement. It writes a row only for a member whose
   *  watermark is lower. Watermarks that another transaction is moving follow in another statement. Answers each move
   *  once. Leaves out members who received as much before, who are not in the conversation or across a block, and large
   *  groups. */
  deliver(delivered: readonly Delivered[]): Promise<Reached[]>
  /** Marks as delivered everything that waits for the user in their `limits.recentConversations` last changed
   *  conversations. Large groups are left out. Answers the watermarks that moved. They name the newest
   *  `limits.receiptsOnConnect` messages together, the last changed conversations first; each that moved names one or
   *  more. */
  deliverAll(userId: UserId): Promise<Advanced[]>
}
