import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ListOf, ListQuery, ref, Session, SessionId } from '@rendezvous/contract'
import { Type } from 'typebox'
import { answers } from '../../kernel/openapi.ts'
import { answerPage, cursors, type ListStyle, pageSize } from '../../kernel/paging.ts'
import type { SessionService } from './service.ts'

/** The services these routes call. */
export interface SessionRoutesDeps {
  readonly sessions: Pick<SessionService, 'list' | 'revoke' | 'revokeOthers'>
  readonly lists: ListStyle
}

const tags = ['sessions']
const done = Type.Null({ description: 'Done' })
const cursor = cursors(Type.Object({ used: Type.Integer({ minimum: 0, maximum: 8.64e15 }), id: SessionId }))

/** Routes that list and end the caller's sessions. */
export function sessionRoutes({ sessions, lists }: SessionRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    app.get(
      '/api/v1/auth/sessions/',
      {
        schema: {
          tags,
          operationId: 'listSessions',
          summary: 'List my sessions, the last used first',
          querystring: ListQuery,
          response: answers({ 200: ListOf(ref(Session)) }, 400, 401, 404)
        }
      },
      async (request, reply) => {
        const { sessions: results, next } = await sessions.list(request.caller, pageOf(request.query))
        const at = next === null ? undefined : cursor.write({ used: next.lastUsedAt.getTime(), id: next.id })
        return answerPage(request, reply, { results, next: at }, lists)
      }
    )
    app.delete(
      '/api/v1/auth/sessions/',
      {
        schema: {
          tags,
          operationId: 'endOtherSessions',
          summary: 'End all my sessions except this one. Their tokens are refused and their sockets close',
          response: answers({ 204: done }, 401)
        }
      },
      async (request, reply) => {
        await sessions.revokeOthers(request.caller, request.ip)
        return reply.code(204).send(null)
      }
    )
    app.delete(
      '/api/v1/auth/sessions/:sessionId/',
      {
        schema: {
          tags,
          operationId: 'endSession',
          summary: 'End one of my sessions. Its tokens are refused and its sockets close',
          params: Type.Object({ sessionId: SessionId }),
          response: answers({ 204: done }, 401, 404)
        }
      },
      async (request, reply) => {
        await sessions.revoke(request.caller, request.params.sessionId, request.ip)
        return reply.code(204).send(null)
      }
    )
  }
}

function pageOf(query: Parameters<typeof pageSize>[0]) {
  const limit = pageSize(query)
  if (query.cursor === undefined) return { limit }
  const { used, id } = cursor.read(query.cursor)
  return { limit, before: { lastUsedAt: new Date(used), id } }
}
