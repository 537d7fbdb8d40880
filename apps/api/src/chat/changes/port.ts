import type { ConversationId, HistoryFor, MessageId, Role, Seq, UserId } from '@rendezvous/contract'
import type { Message } from '../messages/port.ts'

/** The fields of every change: its conversation, its seq and its receivers. */
export interface ChangeBase {
  readonly conversationId: ConversationId
  readonly seq: Seq
  /** The people of a direct conversation who hear of it, the actor first; null for a group, whose room hears of it. */
  readonly memberIds: readonly UserId[] | null
  /** Seq of the last change of members up to this change, itself included. */
  readonly membersSeq: Seq
  /** Members of the group, if known. Gateways report no deliveries in a group that is too large for receipts. */
  readonly memberCount?: number
}

/** A message that changed, and the person who changed it. */
interface ChangedMessage {
  readonly messageId: MessageId
  readonly messageSeq: Seq
  readonly userId: UserId
  readonly at: Date
}

/** A change of a message that is stored. */
export type MessageChange = ChangedMessage &
  (
    | { readonly type: 'message_edited'; readonly content: string; readonly mentions: readonly UserId[] }
    | { readonly type: 'message_deleted' | 'message_pinned' | 'message_unpinned' }
    | { readonly type: 'reaction_added' | 'reaction_removed'; readonly emoji: string }
  )

/** The facts of the change at one seq of a conversation. `by` is the actor. `userIds` has at least one id, and is
 *  ascending. */
export type Change = ChangeBase &
  (
    | { readonly type: 'message_created'; readonly message: Message; readonly rejoinedIds: readonly UserId[] }
    | MessageChange
    | {
        readonly type: 'conversation_created'
        /** '' when none. */
        readonly title: string
        readonly userIds: readonly UserId[]
        readonly by: UserId
        readonly at: Date
      }
    | {
        readonly type: 'conversation_updated'
        readonly title: string
        readonly history: HistoryFor
        readonly by: UserId
        readonly at: Date
      }
    | { readonly type: 'member_joined'; readonly userIds: readonly UserId[]; readonly by: UserId; readonly at: Date }
    | {
        readonly type: 'member_left'
        readonly userIds: readonly UserId[]
        readonly by: UserId
        /** The new owner when the owner left; null when the owner stayed. */
        readonly ownerId: UserId | null
        readonly at: Date
      }
    | {
        readonly type: 'member_updated'
        readonly members: readonly { readonly userId: UserId; readonly role: Role }[]
        readonly by: UserId
        readonly at: Date
      }
    /** The change at this seq can no longer be reconstructed. Clients refetch. */
    | { readonly type: 'superseded'; readonly at: Date }
  )

/** Seqs of one conversation, both ends included. */
export interface Range {
  readonly conversationId: ConversationId
  readonly fromSeq: Seq
  readonly toSeq: Seq
}

/** Changes of conversations, read back from state. */
export interface Changes {
  /**
   * One change for each seq of `ranges` that the conversation has reached, from one snapshot. They come in the order of
   * the ranges, ascending within each; an absent conversation has none. A range has at most 1,000 seqs. Facts are the
   * present ones: a message that was edited since has its new text.
   */
  read(ranges: readonly Range[]): Promise<Change[]>
}
