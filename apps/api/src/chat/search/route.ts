import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ListOf, Message, MessageId, ref, SearchQuery } from '@rendezvous/contract'
import { Type } from 'typebox'
import { answers } from '../../kernel/openapi.ts'
import { answerPage, cursors, pageSize } from '../../kernel/paging.ts'
import type { SearchService } from './service.ts'

const cursor = cursors(Type.Object({ before: MessageId }))

/** Searches the messages of the caller's conversations. */
export function searchRoutes({ search }: { readonly search: SearchService }): FastifyPluginAsyncTypebox {
  return async app => {
    app.get(
      '/api/v1/search/messages/',
      {
        config: { limit: 'search' },
        schema: {
          tags: ['messages'],
          operationId: 'searchMessages',
          summary: 'Search the messages of my conversations, the newest first',
          description:
            'Words in any order; "a phrase"; `or`; `-not`. A last word of three letters or more also finds words that begin with it. Capitals, accents’ encoding, full-width letters and variation selectors make no difference. Links, paths, addresses, tags and versions are found whole and by their parts. Chinese, Japanese, Thai, Khmer, Lao and Burmese words are found inside a text, and Korean ones before a particle. At most 64 words count. A page of a very common word may hold fewer messages than `limit`, or none: go on while `next` is not null.',
          querystring: SearchQuery,
          response: answers({ 200: ListOf(ref(Message)) }, 400, 401, 404)
        }
      },
      async (request, reply) => {
        const { q: text, conversation: conversationId } = request.query
        const before = request.query.cursor === undefined ? undefined : cursor.read(request.query.cursor).before
        const wanted = { text, conversationId, before, limit: pageSize(request.query) }
        const { messages, next } = await search.messages(request.caller.userId, wanted)
        const at = next === null ? undefined : cursor.write({ before: next })
        return answerPage(request, reply, { results: messages, next: at }, 'page')
      }
    )
  }
}
