import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  Conversation,
  ConversationId,
  CreateConversation,
  LeftConversation,
  ListOf,
  ListQuery,
  OpenedConversation,
  ref
} from '@rendezvous/contract'
import { Type } from 'typebox'
import { answers } from '../../kernel/openapi.ts'
import { answerPage, cursors, type ListStyle, pageSize } from '../../kernel/paging.ts'
import type { ConversationService } from './service.ts'

/** The services these routes call. */
export interface ConversationRoutesDeps {
  readonly conversations: ConversationService
  readonly lists: ListStyle
}

const tags = ['conversations']
const config = { lenient: true } as const
const params = Type.Object({ id: ConversationId })
const cursor = cursors(Type.Object({ active: Type.Integer({ minimum: 0, maximum: 8.64e15 }), id: ConversationId }))

/** Routes of the caller's conversations. */
export function conversationRoutes({ conversations, lists }: ConversationRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    app.get(
      '/api/v1/conversations/',
      {
        config,
        schema: {
          tags,
          operationId: 'listConversations',
          summary: 'List my conversations, by their last message or my joining, the newest first',
          querystring: ListQuery,
          response: answers({ 200: ListOf(ref(Conversation)) }, 400, 401, 404)
        }
      },
      async (request, reply) => {
        const { next, conversations: results } = await conversations.list(request.caller.userId, pageOf(request.query))
        const at = next === null ? undefined : cursor.write({ active: next.activeAt.getTime(), id: next.id })
        return answerPage(request, reply, { results, next: at }, lists)
      }
    )
    app.post(
      '/api/v1/conversations/',
      {
        config,
        schema: {
          tags,
          operationId: 'openConversation',
          summary: 'Open the conversation with a person, or create a group',
          description:
            '201 when it is new to me. 200 when I am in the conversation already, or when this `client_id` created the group before. `message` is my first message in it, with the same `client_id`.',
          body: ref(CreateConversation),
          response: answers({ 200: ref(OpenedConversation), 201: ref(OpenedConversation) }, 400, 401, 404, 409)
        }
      },
      async (request, reply) => {
        const { participants, is_group: group = false, title, history, client_id: clientId, message } = request.body
        const opening = { participants, group, title: title ?? '', history: history ?? 'joined', clientId, message }
        const conversation = await conversations.open(request.caller.userId, opening)
        return reply.code(conversation.duplicate ? 200 : 201).send(conversation)
      }
    )
    app.get(
      '/api/v1/conversations/:id/',
      {
        config,
        schema: {
          tags,
          operationId: 'readConversation',
          summary: 'Read one of my conversations',
          params,
          response: answers({ 200: ref(Conversation) }, 401, 404)
        }
      },
      request => conversations.find(request.caller.userId, request.params.id)
    )
    app.route({
      method: ['DELETE', 'POST'],
      url: '/api/v1/conversations/:id/leave/',
      config,
      schema: {
        tags,
        operationId: 'leaveConversation',
        summary: 'Leave a conversation',
        params,
        response: answers({ 200: ref(LeftConversation) }, 401, 404)
      },
      handler: async request => {
        await conversations.leave(request.caller.userId, request.params.id, request.ip)
        return { detail: 'You left the conversation.' }
      }
    })
  }
}

function pageOf(query: Parameters<typeof pageSize>[0]) {
  const limit = pageSize(query)
  if (query.cursor === undefined) return { limit }
  const { active, id } = cursor.read(query.cursor)
  return { limit, before: { activeAt: new Date(active), id } }
}
