import {
  type ConversationId,
  invalid,
  limits,
  type MessageId,
  type Message as MessageView,
  textProblem,
  type UserId
} from '@rendezvous/contract'
import type { MessageSearch } from '../ports/search.ts'
import { messageView } from './views.ts'

/** What a person looks for. */
export interface Wanted {
  readonly text: string
  readonly conversationId?: ConversationId | undefined
  readonly before?: MessageId | undefined
  readonly limit: number
}

/** Full-text search. */
export type SearchService = ReturnType<typeof searchService>

/** Searches what `search` holds. */
export function searchService({ search }: { readonly search: MessageSearch }) {
  return {
    /** Messages of the caller's conversations that match, the newest first, and where to go on. @throws invalid for a text that is none. */
    async messages(callerId: UserId, wanted: Wanted): Promise<{ messages: MessageView[]; next: MessageId | null }> {
      const problem = textProblem(wanted.text, limits.searchCharacters)
      if (problem !== null) throw invalid({ q: [problem] })
      const { messages, next } = await search.find({ readerId: callerId, ...wanted })
      return { messages: messages.map(messageView), next }
    }
  }
}
