import type { ConversationId, MessageId, UserId } from '@rendezvous/contract'
import type { Message } from './messages.ts'

/** What is looked for. */
export interface Search {
  readonly readerId: UserId
  /** Words, "a phrase", `or`, `-not`: as PostgreSQL's websearch_to_tsquery reads them. A last word of `limits.searchPrefix` letters or more that nothing
   *  follows, a space neither, stands for all that begin with it. */
  readonly text: string
  /** Only here. */
  readonly conversationId?: ConversationId | undefined
  /** Only messages older than this one. */
  readonly before?: MessageId | undefined
  readonly limit: number
}

/** Messages that match, the newest first, and below which id there may be more; null when there is none. */
export interface Found {
  readonly messages: readonly Message[]
  readonly next: MessageId | null
}

/** Full-text search in messages. */
export interface MessageSearch {
  /**
   * Messages of conversations the reader is in, that he may see, not across a block. Nothing newer than `next` is left out. A page of a
   * very common word may hold fewer than `limit`, or nothing, and yet go on: what one call looks at is bounded.
   */
  find(search: Search): Promise<Found>
}
