import type { ConversationId, MessageId, UserId } from '@rendezvous/contract'
import type { Message } from '../messages/port.ts'

/** A search of one reader. */
export interface Search {
  readonly readerId: UserId
  /** What to look for in the words of messages, as `queryOf` makes it of `text`. */
  readonly query: string
  /** The user's text. Messages whose words are not made yet are searched for it as earlier releases did, by
   *  websearch_to_tsquery. */
  readonly text: string
  /** Only in this conversation. */
  readonly conversationId?: ConversationId | undefined
  /** Only messages older than this one. */
  readonly before?: MessageId | undefined
  readonly limit: number
}

/** Messages that match, the newest first. Older matches have ids below `next`; null on the last page. */
export interface Found {
  readonly messages: readonly Message[]
  readonly next: MessageId | null
}

/** Full-text search in messages. */
export interface MessageSearch {
  /**
   * Messages that match and that the reader may see, none across a block. Every match newer than `next` is answered. A
   * page may hold fewer than `limit` messages, or none, and still have a `next`: one call scans a bounded number.
   */
  find(search: Search): Promise<Found>
}
