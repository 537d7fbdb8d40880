import type { ConversationId, HistoryFor, Receipt, Role, Seq, UserId } from '@rendezvous/contract'
import type { Message } from './messages.ts'
import type { SeenUser } from './users.ts'

/** A direct conversation that was asked for. `created` and `rejoined` took `seq` and owe `outboxId`; `existing` changed nothing. */
export type Opened =
  | { readonly status: 'existing'; readonly id: ConversationId; readonly seq: Seq }
  | {
      readonly status: 'created' | 'rejoined'
      readonly id: ConversationId
      readonly seq: Seq
      readonly outboxId: number
    }

/** A person as another member of his conversation sees him. */
export type Participant = SeenUser

/** A conversation as a member sees it. */
export interface Conversation {
  readonly id: ConversationId
  readonly kind: 'direct' | 'group'
  /** '' when none. */
  readonly title: string
  readonly createdBy: UserId
  readonly createdAt: Date
  readonly changedAt: Date
  readonly lastSeq: Seq
  readonly membersSeq: Seq
  /** Both people of a direct conversation, also when one has left; at most 50 members of a group. Ascending by id. */
  readonly participants: readonly Participant[]
  /** The last message the member may see. */
  readonly lastMessage: Message | null
  /** Messages of others that the member has not read, among the last `limits.unreadChanges` changes and counted up to `limits.unreadCount`; 0 across a
   *  block. */
  readonly unreadCount: number
  /** The member's own watermarks; of reading the higher of what he told and what he kept private. */
  readonly deliveredSeq: Seq
  readonly readSeq: Seq
  readonly memberCount: number
  /** The member's own. */
  readonly role: Role
  readonly history: HistoryFor
  /** Of the other members, in conversations of 32 at most; none above that, and across a block. */
  readonly receipts: readonly Receipt[]
}

/** Where a list of conversations goes on: below this one. */
export interface ConversationCursor {
  readonly changedAt: Date
  readonly id: ConversationId
}

/** Conversations, the last changed first. */
export interface ConversationPage {
  readonly conversations: readonly Conversation[]
  readonly hasMore: boolean
}

/** That somebody left. `memberIds` are those to tell, the leaver first; null for a group. */
export interface Left {
  readonly seq: Seq
  readonly memberIds: readonly [UserId, UserId] | null
  /** Who owns the group now, when its owner left. */
  readonly ownerId: UserId | null
  readonly outboxId: number
  /** What the server said of it in a group, under the next value. */
  readonly said: Message | null
}

/** Who hears what a member does: the others who are in a direct conversation, or the room of a group. */
export interface Audience {
  /** None when the other person has left; null for a group. */
  readonly otherIds: readonly UserId[] | null
  readonly membersSeq: Seq
  readonly memberCount: number
}

/** The last seq of a conversation, and that of the last change of its members. */
export interface Head {
  readonly id: ConversationId
  readonly lastSeq: Seq
  readonly membersSeq: Seq
}

/** Conversations and who is in them. */
export interface Conversations {
  /**
   * Opens the one direct conversation of two people, also when both do it at once; brings back a caller who had left it, not a peer.
   * Durable when it resolves. Null when the peer is absent, deleted, inactive, the caller himself, or across a block.
   */
  openDirect(callerId: UserId, peerId: UserId): Promise<Opened | null>
  /** The direct conversation of two people when the caller is in it, else null. Changes nothing. */
  findDirect(callerId: UserId, peerId: UserId): Promise<ConversationId | null>
  /** The conversations a person is in. */
  listFor(
    userId: UserId,
    page: { readonly limit: number; readonly before?: ConversationCursor }
  ): Promise<ConversationPage>
  /** Null when absent or not the user's. */
  findForMember(id: ConversationId, userId: UserId): Promise<Conversation | null>
  /** Takes the user out; takes a seq. Durable when it resolves. Null when absent or he is not in it. */
  leave(id: ConversationId, userId: UserId): Promise<Left | null>
  /** Who hears what a member does; null when it is absent, not the member's, or across a block. */
  audience(id: ConversationId, userId: UserId): Promise<Audience | null>
  /** The groups each user is in, under his place. */
  rooms(userIds: readonly UserId[]): Promise<Head[][]>
  /** Under the place of each question its group's head and who of `userIds` is in it; null when there is no such group. Heads and
   *  members are of one moment. */
  present(
    questions: readonly { readonly id: ConversationId; readonly userIds: readonly UserId[] }[]
  ): Promise<((Head & { readonly userIds: readonly UserId[] }) | null)[]>
}
