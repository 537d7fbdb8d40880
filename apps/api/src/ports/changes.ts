import type { ConversationId, HistoryFor, MessageId, Role, Seq, UserId } from '@rendezvous/contract'
import type { Message } from './messages.ts'

/** What every change says: its place, and who is to be told (the one who made it first; null for a group, told as a room). */
export interface Placed {
  readonly conversationId: ConversationId
  readonly seq: Seq
  readonly memberIds: readonly UserId[] | null
  /** Seq of the last change of members that this one knows of, itself included. */
  readonly membersSeq: Seq
}

/** Which message changed, and who changed it. */
interface OfMessage {
  readonly messageId: MessageId
  readonly messageSeq: Seq
  readonly userId: UserId
  readonly at: Date
}

/** A change of a message that is stored. */
export type MessageChange = OfMessage &
  (
    | { readonly type: 'message_edited'; readonly content: string; readonly mentions: readonly UserId[] }
    | { readonly type: 'message_deleted' | 'message_pinned' | 'message_unpinned' }
    | { readonly type: 'reaction_added' | 'reaction_removed'; readonly emoji: string }
  )

/** The facts of one value of a conversation's sequence. `by` did it; `userIds` are ascending, and one at least. */
export type Change = Placed &
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
        /** Who owns the group since its owner left; null when that did not change. */
        readonly ownerId: UserId | null
        readonly at: Date
      }
    | {
        readonly type: 'member_updated'
        readonly members: readonly { readonly userId: UserId; readonly role: Role }[]
        readonly by: UserId
        readonly at: Date
      }
    /** Something changed here, and again later or in a way that state does not tell: who hears of it fetches the state. */
    | { readonly type: 'superseded'; readonly at: Date }
  )
