import {
  type ConversationId,
  invalid,
  limits,
  type MessageId,
  type Message as MessageView,
  textProblem,
  type UserId
} from '@rendezvous/contract'
import { messageView } from '../messages/view.ts'
import { queryOf } from '../words/query.ts'
import type { MessageSearch } from './port.ts'

/** A search of the caller. */
export interface SearchRequest {
  readonly text: string
  readonly conversationId?: ConversationId | undefined
  readonly before?: MessageId | undefined
  readonly limit: number
}

/** Full-text search. */
export type SearchService = ReturnType<typeof searchService>

/** The service over the messages of the port `search`. */
export function searchService({ search }: { readonly search: MessageSearch }) {
  return {
    /** Messages of the caller's conversations that match, the newest first. `next` is null on the last page.
     *  @throws invalid for an invalid text. */
    async messages(
      callerId: UserId,
      wanted: SearchRequest
    ): Promise<{ messages: MessageView[]; next: MessageId | null }> {
      const problem = textProblem(wanted.text, limits.searchCharacters)
      if (problem !== null) throw invalid({ q: [problem] })
      const query = queryOf(wanted.text)
      if (query === null) return { messages: [], next: null }
      const { messages, next } = await search.find({ readerId: callerId, query, ...wanted })
      return { messages: messages.map(messageView), next }
    }
  }
}
