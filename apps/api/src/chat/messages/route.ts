import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  ConversationId,
  DirectMessage,
  ListOf,
  ListQuery,
  Message,
  MessageId,
  MessagesQuery,
  ReadMessage,
  ref,
  SendToConversation,
  SendToUser,
  SentDirectMessage,
  SentMessage
} from '@rendezvous/contract'
import { Type } from 'typebox'
import { answers } from '../../kernel/openapi.ts'
import { answerPage, type ListStyle } from '../../kernel/paging.ts'
import { boundsOf, neighboursOf } from './request-window.ts'
import { type MessageService, textOf } from './service.ts'
import { directMessageView } from './view.ts'

/** The services these routes call. */
export interface MessageRoutesDeps {
  readonly messages: MessageService
  readonly lists: ListStyle
}

const tags = ['messages']
const config = { lenient: true } as const
const conversation = Type.Object({ id: ConversationId })
const sent = { 200: ref(SentMessage), 201: ref(SentMessage) }
const WithPerson = Type.Object({
  ...ListQuery.properties,
  with: Type.Integer({ description: 'Id of the other person' })
})

/** Routes of messages, at the paths of both seeds. */
export function messageRoutes(deps: MessageRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    await app.register(ofConversations(deps))
    await app.register(ofPeople(deps))
  }
}

/** Seed 2: messages are in conversations, and a client reports what was read. */
function ofConversations({ messages, lists }: MessageRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    const url = '/api/v1/conversations/:id/messages/'
    app.get(
      url,
      {
        config,
        schema: {
          tags,
          operationId: 'listMessages',
          summary: 'List the newest messages of a conversation, oldest first',
          params: conversation,
          querystring: MessagesQuery,
          response: answers({ 200: ListOf(ref(Message)) }, 400, 401, 404)
        }
      },
      async (request, reply) => {
        const bounds = boundsOf(request.query)
        const history = await messages.list(request.caller.userId, request.params.id, bounds)
        return answerPage(request, reply, { results: history.messages, ...neighboursOf(history, bounds) }, lists)
      }
    )
    app.post(
      url,
      {
        config,
        schema: {
          tags,
          operationId: 'sendMessage',
          summary: 'Send a message: 201, or 200 when this client_id is stored already',
          params: conversation,
          body: ref(SendToConversation),
          response: answers(sent, 400, 401, 404, 409)
        }
      },
      async (request, reply) => {
        const target = { conversationId: request.params.id }
        const message = await messages.send(request.caller.userId, target, textOf(request.body))
        return reply.code(message.duplicate ? 200 : 201).send(message)
      }
    )
    app.route({
      method: ['POST', 'PUT', 'PATCH'],
      url: '/api/v1/conversations/:id/messages/:messageId/mark_read/',
      config,
      schema: {
        tags,
        operationId: 'markMessageRead',
        summary: 'Report a message as read, and all before it',
        params: Type.Object({ id: ConversationId, messageId: MessageId }),
        response: answers({ 200: ref(ReadMessage) }, 401, 404)
      },
      handler: async request => ({
        ...(await messages.markRead(request.caller.userId, request.params.id, request.params.messageId)),
        detail: 'Message marked as read.'
      })
    })
  }
}

/** Seed 1: messages are between people, and a fetched message counts as read. */
function ofPeople({ messages, lists }: MessageRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    app.get(
      '/messages/',
      {
        config,
        schema: {
          tags,
          operationId: 'listMessagesWithPerson',
          summary: 'List the newest messages with a person, oldest first, and report them as read',
          querystring: WithPerson,
          response: answers({ 200: ListOf(ref(DirectMessage)) }, 400, 401, 404)
        }
      },
      async (request, reply) => {
        const bounds = boundsOf(request.query)
        const history = await messages.readWith(request.caller.userId, request.query.with, bounds)
        const results = history.messages.map(directMessageView)
        return answerPage(request, reply, { results, ...neighboursOf(history, bounds) }, lists)
      }
    )
    app.post(
      '/messages/send/',
      {
        config,
        schema: {
          tags,
          operationId: 'sendMessageToPerson',
          summary: 'Send a message to a person: 201, or 200 when this client_id is stored already',
          body: ref(SendToUser),
          response: answers({ 200: ref(SentDirectMessage), 201: ref(SentDirectMessage) }, 400, 401, 404, 409)
        }
      },
      async (request, reply) => {
        const target = { receiverId: request.body.receiver }
        const message = await messages.send(request.caller.userId, target, textOf(request.body))
        return reply.code(message.duplicate ? 200 : 201).send(directMessageView(message))
      }
    )
  }
}
