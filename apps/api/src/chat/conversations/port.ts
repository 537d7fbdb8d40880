import type { ConversationId, HistoryFor, Receipt, Role, Seq, UserId } from '@rendezvous/contract'
import type { SecurityEvent } from '../../audit/port.ts'
import type { SeenUser } from '../../people/users/port.ts'
import type { Message } from '../messages/port.ts'

/** A direct conversation that was opened. `created` and `rejoined` took `seq`, and `outboxId` is the row of their
 *  announcement. `existing` changed nothing. */
export type Opened =
  | { readonly status: 'existing'; readonly id: ConversationId; readonly seq: Seq }
  | {
      readonly status: 'created' | 'rejoined'
      readonly id: ConversationId
      readonly seq: Seq
      readonly outboxId: number
    }

/** A person as another member of their conversation sees them. */
export type Participant = SeenUser

/** A conversation as a member sees it. */
export interface Conversation {
  readonly id: ConversationId
  readonly kind: 'direct' | 'group'
  /** '' for none. */
  readonly title: string
  readonly createdBy: UserId
  readonly createdAt: Date
  /** When the last message came, or when the member joined if that was later. */
  readonly activeAt: Date
  readonly lastSeq: Seq
  readonly membersSeq: Seq
  /** Both people of a direct conversation, even when one has left; of a group at most `limits.shownMembers` members.
   *  Ascending by id. */
  readonly participants: readonly Participant[]
  /** The last message the member may see. */
  readonly lastMessage: Message | null
  /** Messages of others that the member has not read, among the last `limits.unreadChanges` changes. It counts up to
   *  `limits.unreadCount`, and is 0 across a block. */
  readonly unreadCount: number
  /** The member's own watermarks. `readSeq` is the higher of the public and the private one. */
  readonly deliveredSeq: Seq
  readonly readSeq: Seq
  readonly memberCount: number
  /** The member's own role. */
  readonly role: Role
  readonly history: HistoryFor
  /** Receipts of the other members. None in conversations of more than `limits.receiptMembers`, and across a block. */
  readonly receipts: readonly Receipt[]
}

/** The last conversation of a page. The next page begins after it. */
export interface ConversationCursor {
  readonly activeAt: Date
  readonly id: ConversationId
}

/** A page of conversations, the last active first. */
export interface ConversationPage {
  readonly conversations: readonly Conversation[]
  readonly hasMore: boolean
}

/** What a leave changed. `memberIds` are the receivers, the person who left first; null for a group. */
export interface Departure {
  readonly seq: Seq
  readonly memberIds: readonly UserId[] | null
  /** The new owner when the owner left, else null. */
  readonly ownerId: UserId | null
  /** What was recorded of the new owner. */
  readonly audited: readonly SecurityEvent[]
  readonly outboxId: number
  /** The system message of a group about it, at the next seq; null in a direct conversation. */
  readonly systemMessage: Message | null
  /** Members after the leave; null without a system message. */
  readonly memberCount: number | null
}

/** The receivers of what a member does: the other person of a direct conversation, or the room of a group. */
export interface Recipients {
  /** Empty when the other person has left; null for a group. */
  readonly otherIds: readonly UserId[] | null
  readonly membersSeq: Seq
  readonly memberCount: number
}

/** The last seq of a conversation, and the seq of the last change of its members. */
export interface Head {
  readonly id: ConversationId
  readonly lastSeq: Seq
  readonly membersSeq: Seq
}

/** Stores conversations and their members. */
export interface Conversations {
  /**
   * Opens the one direct conversation of two people, also when both call it at the same time. Brings back a caller who
   * had left it, but not a peer. Durable when it resolves. Null when the peer is absent, deleted, inactive, the caller,
   * or across a block.
   */
  openDirect(callerId: UserId, peerId: UserId): Promise<Opened | null>
  /** The direct conversation of two people when the caller is in it, else null. */
  findDirect(callerId: UserId, peerId: UserId): Promise<ConversationId | null>
  /** A page of the conversations that the user is in. */
  listFor(
    userId: UserId,
    page: { readonly limit: number; readonly before?: ConversationCursor }
  ): Promise<ConversationPage>
  /** Null when absent or not the user's. */
  findForMember(id: ConversationId, userId: UserId): Promise<Conversation | null>
  /** Removes the user from the conversation, and takes a seq. Durable when it resolves. Null when the conversation is
   *  absent or the user is not in it. */
  leave(id: ConversationId, userId: UserId, ip?: string): Promise<Departure | null>
  /** The receivers of what the user does there; null when it is absent, not the user's, or across a block. */
  recipients(id: ConversationId, userId: UserId): Promise<Recipients | null>
  /** The groups of each user, in the order of `userIds`. */
  rooms(userIds: readonly UserId[]): Promise<Head[][]>
  /** For each question, in order, the head of the group and those of `userIds` who are in it; null when there is no
   *  such group. Heads and members are of one snapshot. */
  present(
    questions: readonly { readonly id: ConversationId; readonly userIds: readonly UserId[] }[]
  ): Promise<((Head & { readonly userIds: readonly UserId[] }) | null)[]>
}
