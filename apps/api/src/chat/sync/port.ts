import type { ConversationId, MessageId, MissedConversation, MissedQuestion, Seq, UserId } from '@rendezvous/contract'
import type { PersonalStretch } from '../../announce/personal/port.ts'
import type { Conversation } from '../conversations/port.ts'
import type { GroupMember } from '../groups/port.ts'
import type { Message } from '../messages/port.ts'

/** The client has all changes of its conversation list up to this time. Times are milliseconds since 1970, on the
 *  database's clock. */
export interface SyncCursor {
  /** Tag of the database that issued it. */
  readonly origin: string
  /** The client has every change up to this time once it has read the last page. */
  readonly at: number
  /** Set during paging: the last entry of the previous page. `whole`: the first page had no usable `since`, so it
   *  began with the first conversation. */
  readonly scan?: { readonly changedAt: number; readonly id: ConversationId; readonly whole: boolean }
}

/** What a client asks of sync. */
export interface SyncQuestion {
  readonly userId: UserId
  /** Null asks for all conversations. Undefined asks for no list. */
  readonly since: SyncCursor | null | undefined
  /** No conversation twice. */
  readonly ranges: readonly ChangesAfter[]
  /** Asks for the user's personal stream: at most `limit` events after a seq. */
  readonly personal?: { readonly after: Seq; readonly limit: number }
  /** Upper bound for the changes of all ranges together. Also the bound for the list of conversations, up to
   *  `limits.syncConversations`. */
  readonly limit: number
}

/** Asks what changed in a conversation after a seq; 0 asks for all of it. */
export interface ChangesAfter {
  readonly conversationId: ConversationId
  readonly after: Seq
}

/** A conversation that changed. `conversation` is null when the user is no longer in it. */
export interface ChangedConversation {
  readonly id: ConversationId
  readonly changedAt: number
  readonly conversation: Conversation | null
}

/** A page of conversations that changed, oldest change first. */
export interface ChangedConversations {
  /** True when `since` was too old or from another database. The page then starts from the beginning, as for a null
   *  `since`. */
  readonly restart: boolean
  readonly entries: readonly ChangedConversation[]
  readonly more: boolean
  /** Cursor of the next page. If the caller sends fewer entries, it must set `scan` to the last entry that it sent.
   *  After the last page it must leave out `scan`. */
  readonly next: SyncCursor & { readonly scan: { readonly whole: boolean } }
}

/** A message that was deleted or has expired. */
export interface Tombstone {
  readonly id: MessageId
  readonly seq: Seq
  readonly changedSeq: Seq
}

/**
 * The answer for a range:
 * - `gone`: the conversation is absent, or the user is not in it.
 * - `restart`: the client must reload the conversation. Its seq is too old, or lower than the user's last join. Or one
 *   change is too large to send.
 * - `ok`: everything that changed up to `position`, in its present state. If no change fits the limit, `position` stays
 *   the same and `conversation` is null.
 */
export type RangeState =
  | { readonly status: 'gone' | 'restart' }
  | {
      readonly status: 'ok'
      readonly position: Seq
      readonly head: Seq
      readonly messages: readonly Message[]
      readonly deleted: readonly Tombstone[]
      /** Members who joined or got another role; `left` are those who left. */
      readonly members: readonly GroupMember[]
      readonly left: readonly UserId[]
      readonly conversation: Conversation | null
    }

/** The answer to a question, or `AboveHead` if a client's seq is too high. `personal` is null when the question does
 *  not ask for it. */
export type SyncState = { readonly personal: PersonalStretch | null } & (
  | {
      readonly status: 'ok'
      /** Null when the question's `since` is undefined. */
      readonly changed: ChangedConversations | null
      /** In the order of their questions. */
      readonly ranges: readonly RangeState[]
    }
  | AboveHead
)

/** The conversations for which the client sent a seq above the head. Apart from these, only `personal` is answered. */
export interface AboveHead {
  readonly status: 'above'
  readonly conversationIds: readonly ConversationId[]
}

/** Reads from state what changed. */
export interface Sync {
  /**
   * Answers `question` from one snapshot. Conversations come in the order of their last change, so one that changes
   * while a client pages comes again on a later page. The next cursor goes back a little in time. This finds changes
   * that committed late, after a newer change was read.
   *
   * The changes of one seq come all together or not at all. The first seq always comes, even above the limit, unless it
   * is too large to send.
   */
  read(question: SyncQuestion): Promise<SyncState>
  /** Answers several questions of `Backend.missed`, in order. It also looks back a little further, for changes that
   *  committed late. Null for a question with more than `limits.missedConversations` conversations. */
  missed(questions: readonly MissedQuestion[]): Promise<(readonly MissedConversation[] | null)[]>
}
