import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ListOf, limits, PeopleQuery, ref, User, UserId } from '@rendezvous/contract'
import { Type } from 'typebox'
import { answers } from '../../kernel/openapi.ts'
import { answerPage, cursors, pageSize } from '../../kernel/paging.ts'
import type { PeopleSearchService } from './service.ts'

const cursor = cursors(Type.Object({ key: Type.String({ maxLength: 256 }), id: UserId }))

/** Finds people. */
export function peopleSearchRoutes(deps: { readonly peopleSearch: PeopleSearchService }): FastifyPluginAsyncTypebox {
  return async app => {
    app.get(
      '/api/v1/users/',
      {
        config: { limit: 'people' },
        schema: {
          tags: ['users'],
          operationId: 'findPeople',
          summary: 'Find people by the beginning of their user name, or of a word of their name',
          description: `Capitals and accents make no difference. People with \`findable\` false are not found, nor is anybody across a block. A page has ${limits.peopleSearchPage} people at most. It may have fewer, or none: go on while \`next\` is not null.`,
          querystring: PeopleQuery,
          response: answers({ 200: ListOf(ref(User)) }, 400, 401, 404)
        }
      },
      async (request, reply) => {
        const { search: text, cursor: from } = request.query
        const limit = Math.min(pageSize(request.query), limits.peopleSearchPage)
        const after = from === undefined ? undefined : cursor.read(from)
        const { people, next } = await deps.peopleSearch.find(request.caller.userId, { text, limit, after })
        const results = { results: people, next: next === null ? undefined : cursor.write(next) }
        return answerPage(request, reply, results, 'page')
      }
    )
  }
}
