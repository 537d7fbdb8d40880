import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  ConversationId,
  ListOf,
  ListQuery,
  Message,
  MessageId,
  MessagesQuery,
  ref,
  SendToConversation,
  SendToUser,
  SentMessage
} from '@rendezvous/contract'
import { Type } from 'typebox'
import { answers } from '../kernel/openapi.ts'
import { answerPage, type ListStyle } from '../kernel/paging.ts'
import { type MessageService, textOf } from '../services/messages.ts'
import { betweenOf, neighboursOf } from './history.ts'

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
  with: Type.Integer({ description: 'Id of the person talked with' })
})

/** Messages, at the paths of either seed. */
export function messageRoutes(deps: MessageRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    await app.register(ofConversations(deps))
    await app.register(ofPeople(deps))
  }
}

/** Seed 2: messages are in conversations, and are read when a client says so. */
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
          summary: 'Read messages of a conversation: the newest, oldest first',
          params: conversation,
          querystring: MessagesQuery,
          response: answers({ 200: ListOf(ref(Message)) }, 400, 401, 404)
        }
      },
      async (request, reply) => {
        const between = betweenOf(request.query)
        const history = await messages.list(request.caller.userId, request.params.id, between)
        return answerPage(request, reply, { results: history.messages, ...neighboursOf(history, between) }, lists)
      }
    )
    app.post(
      url,
      {
        config,
        schema: {
          tags,
          operationId: 'sendMessage',
          summary: 'Send a message: 201, or 200 when this client_id was stored before',
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
        summary: 'Say that I read a message, and all before it',
        params: Type.Object({ id: ConversationId, messageId: MessageId }),
        response: answers({ 200: ref(Message) }, 401, 404)
      },
      handler: request => messages.markRead(request.caller.userId, request.params.id, request.params.messageId)
    })
  }
}

/** Seed 1: messages are between people, and fetching them is reading them. */
function ofPeople({ messages, lists }: MessageRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    app.get(
      '/messages/',
      {
        config,
        schema: {
          tags,
          operationId: 'listMessagesWithPerson',
          summary: 'Read the messages with a person: the newest, oldest first. They count as read by that',
          querystring: WithPerson,
          response: answers({ 200: ListOf(ref(Message)) }, 400, 401, 404)
        }
      },
      async (request, reply) => {
        const between = betweenOf(request.query)
        const history = await messages.readWith(request.caller.userId, request.query.with, between)
        return answerPage(request, reply, { results: history.messages, ...neighboursOf(history, between) }, lists)
      }
    )
    app.post(
      '/messages/send/',
      {
        config,
        schema: {
          tags,
          operationId: 'sendMessageToPerson',
          summary: 'Send a message to a person: 201, or 200 when this client_id was stored before',
          body: ref(SendToUser),
          response: answers(sent, 400, 401, 404, 409)
        }
      },
      async (request, reply) => {
        const target = { receiverId: request.body.receiver }
        const message = await messages.send(request.caller.userId, target, textOf(request.body))
        return reply.code(message.duplicate ? 200 : 201).send(message)
      }
    )
  }
}
