import type { ConversationId, Seq, UserId } from '@rendezvous/contract'
import type { Message } from './messages.ts'

/** What every change says: its place, and who is to be told (the one who made it first; null for a group, told as a room). */
interface Placed {
  readonly conversationId: ConversationId
  readonly seq: Seq
  readonly memberIds: readonly [UserId, UserId] | null
  readonly membersSeq: Seq
}

/** The facts of one value of a conversation's sequence. */
export type Change = Placed &
  (
    | { readonly type: 'message_created'; readonly message: Message; readonly rejoinedIds: readonly UserId[] }
    | { readonly type: 'conversation_created'; readonly createdBy: UserId; readonly createdAt: Date }
    | { readonly type: 'member_joined' | 'member_left'; readonly userId: UserId; readonly at: Date }
    /** A membership changed here and again later: only that later change is still known. */
    | { readonly type: 'superseded'; readonly at: Date }
  )

/** The changes of conversations, read back from state. */
export interface Changes {
  /**
   * One change for each value from `fromSeq` to `toSeq` (both included, 1,000 apart at most) that was given out, ascending; none when
   * the conversation is absent. Facts are those of now: a message edited since carries its new text.
   */
  between(conversationId: ConversationId, fromSeq: Seq, toSeq: Seq): Promise<Change[]>
}
