import type { ConversationId, Seq } from '@rendezvous/contract'

/** Where a message is. Places are ordered by conversation, then by seq. */
export interface WordlessPlace {
  readonly conversationId: ConversationId
  readonly seq: Seq
}

/** A message whose words are not made yet: it came before there were words, or from a node of an earlier release. */
export interface Wordless extends WordlessPlace {
  readonly content: string
}

/** A message with the words of its content, as `wordsOf` makes them. */
export interface Worded extends Wordless {
  readonly words: string
}

/** Messages whose words are not made yet. */
export interface WordlessMessages {
  /** The first `limit` of them above `after`, in order. System messages and deleted ones are not among them. */
  list(after: WordlessPlace, limit: number): Promise<Wordless[]>
  /** Stores the words of messages that still have this content and no words. Answers how many it stored. */
  store(messages: readonly Worded[]): Promise<number>
}
