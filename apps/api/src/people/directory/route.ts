import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ListedPerson, ListOf, ListQuery, limits, ref, UserId } from '@rendezvous/contract'
import { Type } from 'typebox'
import { answers } from '../../kernel/openapi.ts'
import { answerPage, cursors, type ListStyle, pageSize } from '../../kernel/paging.ts'
import type { DirectoryService } from './service.ts'

/** The services these routes call. */
export interface DirectoryRoutesDeps {
  readonly directory: DirectoryService
  readonly lists: ListStyle
}

const cursor = cursors(Type.Object({ before: UserId }))

/** The first backend's list of people. */
export function directoryRoutes({ directory, lists }: DirectoryRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    app.get(
      '/users/',
      {
        config: { lenient: true, limit: 'search' },
        schema: {
          tags: ['users'],
          operationId: 'listPeople',
          summary: 'List the other people, the newest accounts first',
          description: `The setting PEOPLE_LIST says what is shown: \`off\` answers 403, \`names\` shows no addresses. A page has ${limits.pageSizeMax} people unless the request names a size.`,
          querystring: ListQuery,
          response: answers({ 200: ListOf(ref(ListedPerson)) }, 400, 401, 403, 404)
        }
      },
      async (request, reply) => {
        const limit = pageSize({ limit: limits.pageSizeMax, ...request.query })
        const before = request.query.cursor === undefined ? undefined : cursor.read(request.query.cursor).before
        const { people, next } = await directory.list(request.caller.userId, { limit, before })
        const at = next === null ? undefined : cursor.write({ before: next })
        return answerPage(request, reply, { results: people, next: at }, lists)
      }
    )
  }
}
