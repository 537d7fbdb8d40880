import type { ConversationId, MessageId, MissedConversation, MissedQuestion, Seq, UserId } from '@rendezvous/contract'
import type { Conversation } from './conversations.ts'
import type { GroupMember } from './groups.ts'
import type { Message } from './messages.ts'
import type { PersonalStretch } from './personal.ts'

/** Up to where a person knows which of his conversations changed. Times in milliseconds since 1970, on the database's clock. */
export interface Since {
  /** Tag of the database that said so. */
  readonly origin: string
  /** Everything that changed up to then is known; while paging, will be once the last page is taken in. */
  readonly at: number
  /** While paging: the last entry that was taken in, and whether all conversations are being read. */
  readonly scan?: { readonly changedAt: number; readonly id: ConversationId; readonly whole: boolean }
}

/** What is asked. `since`: undefined when conversations are not asked for, null for all of them. */
export interface SyncQuestion {
  readonly userId: UserId
  readonly since: Since | null | undefined
  /** Each conversation once. */
  readonly ranges: readonly RangeQuestion[]
  /** Of his own stream, when that is asked for: what follows a value, so many events at most. */
  readonly own?: { readonly after: Seq; readonly limit: number }
  /** Changes at most, of all ranges together; and conversations, up to a bound of their own. */
  readonly limit: number
}

/** What changed in a conversation after a value; 0 for all of it. */
export interface RangeQuestion {
  readonly conversationId: ConversationId
  readonly after: Seq
}

/** A conversation that changed, or, where `conversation` is null, that the person is no longer in. */
export interface ChangedConversation {
  readonly id: ConversationId
  readonly changedAt: number
  readonly conversation: Conversation | null
}

/** Conversations that changed, the last changed last. */
export interface ChangedConversations {
  /** `since` was too old or of another database: this answers as if it had been null. */
  readonly restart: boolean
  readonly entries: readonly ChangedConversation[]
  readonly more: boolean
  /** What to go on from after the last entry; after an earlier one, `scan` names that one. */
  readonly next: Since & { readonly scan: { readonly whole: boolean } }
}

/** A message that is gone. */
export interface Tombstone {
  readonly id: MessageId
  readonly seq: Seq
  readonly changedSeq: Seq
}

/**
 * What became of a range:
 * - `gone`: absent, or not (any more) the person's.
 * - `restart`: too far behind, below what is kept, before he (last) joined, or the next value alone is more than can be answered.
 * - `ok`: everything that changed up to `position`, as it is now. `conversation` is null where nothing fitted; then `position` is
 *   where it was.
 */
export type RangeState =
  | { readonly status: 'gone' | 'restart' }
  | {
      readonly status: 'ok'
      readonly position: Seq
      readonly head: Seq
      readonly messages: readonly Message[]
      readonly deleted: readonly Tombstone[]
      /** Who came or has another role, and who is out. */
      readonly members: readonly GroupMember[]
      readonly left: readonly UserId[]
      readonly conversation: Conversation | null
    }

/** What is answered; or the conversations that have not come as far as was claimed. `own` is null when it was not asked for. */
export type SyncState = { readonly own: PersonalStretch | null } & (
  | {
      readonly status: 'ok'
      /** Null when they were not asked for. */
      readonly changed: ChangedConversations | null
      /** Under the place of their questions. */
      readonly ranges: readonly RangeState[]
    }
  | Above
)

/** Conversations that have not come as far as was claimed, and nothing of the others. */
export interface Above {
  readonly status: 'above'
  readonly conversationIds: readonly ConversationId[]
}

/** What changed, read back from state. */
export interface Sync {
  /**
   * Everything of one moment. Conversations are answered in the order of their changes, so that what changes while somebody pages moves
   * towards him; a change that was not committed when its successor was read is found again within the overlap of the next `since`. A value
   * of a conversation is answered whole or not at all; the first one whatever the limit.
   */
  read(question: SyncQuestion): Promise<SyncState>
  /** As `Backend.missed`, of questions that come at once: what was not committed when it should have been is within the same overlap. */
  missed(questions: readonly MissedQuestion[]): Promise<(readonly MissedConversation[] | null)[]>
}
