import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  ConversationId,
  Edit,
  EditedMessage,
  EditMessage,
  Emoji,
  ListOf,
  ListQuery,
  Message,
  MessageId,
  Reactor,
  ref,
  timestamp,
  UserId
} from '@rendezvous/contract'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { answers } from '../../kernel/openapi.ts'
import { answerPage, cursors, type ListStyle, pageSize } from '../../kernel/paging.ts'
import { type MessageChangeService, messageOf } from './service.ts'

/** The services these routes call. */
export interface MessageChangeRoutesDeps {
  readonly messageChanges: MessageChangeService
  readonly lists: ListStyle
}

const tags = ['messages']
const url = '/api/v1/conversations/:id/messages/:messageId/'
const params = Type.Object({ id: ConversationId, messageId: MessageId })
const reaction = Type.Object({ id: ConversationId, messageId: MessageId, emoji: Emoji })
const done = Type.Null({ description: 'Done' })
const cursor = cursors(Type.Object({ emoji: Emoji, user: UserId }))

/** Routes that edit, delete, react to and pin messages, and that list edits, reactions and pins. */
export function messageChangeRoutes(deps: MessageChangeRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    await app.register(texts(deps))
    await app.register(reactions(deps))
    await app.register(pins(deps))
  }
}

function texts({ messageChanges }: MessageChangeRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    app.get(
      url,
      {
        schema: {
          tags,
          operationId: 'readMessage',
          summary: 'Read one message',
          params,
          response: answers({ 200: ref(Message) }, 400, 401, 404)
        }
      },
      request => messageChanges.find(refOf(request))
    )
    app.patch(
      url,
      {
        schema: {
          tags,
          operationId: 'editMessage',
          summary: 'Edit a message of mine',
          params,
          body: ref(EditMessage),
          response: answers({ 200: ref(EditedMessage) }, 400, 401, 403, 404)
        }
      },
      async request => {
        const { droppedMentions } = await messageChanges.edit(refOf(request), request.body)
        return { ...(await messageChanges.find(refOf(request))), dropped_mentions: droppedMentions }
      }
    )
    app.delete(
      url,
      {
        schema: {
          tags,
          operationId: 'deleteMessage',
          summary: 'Delete a message of mine, or any message as an admin of the group',
          params,
          response: answers({ 204: done }, 400, 401, 403, 404)
        }
      },
      async (request, reply) => {
        await messageChanges.remove(refOf(request))
        return reply.code(204).send(null)
      }
    )
    app.get(
      `${url}edits/`,
      {
        schema: {
          tags,
          operationId: 'listEdits',
          summary: 'List the earlier texts of a message of mine, or of any message as an admin of the group',
          params,
          response: answers({ 200: Type.Array(ref(Edit)) }, 400, 401, 403, 404)
        }
      },
      request => messageChanges.edits(refOf(request))
    )
  }
}

function reactions({ messageChanges, lists }: MessageChangeRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    app.get(
      `${url}reactions/`,
      {
        schema: {
          tags,
          operationId: 'listReactions',
          summary: 'List who reacted to a message, and how',
          params,
          querystring: ListQuery,
          response: answers({ 200: ListOf(ref(Reactor)) }, 400, 401, 404)
        }
      },
      async (request, reply) => {
        const limit = pageSize(request.query)
        const { emoji, user } =
          request.query.cursor === undefined ? { emoji: '', user: 0 } : cursor.read(request.query.cursor)
        const page = { limit: limit + 1, after: { emoji, userId: user } }
        const found = await messageChanges.reactions(refOf(request), page)
        const results = found
          .slice(0, limit)
          .map(({ userId, emoji, at }) => ({ user_id: userId, emoji, created_at: timestamp(at) }))
        const last = found.length > limit ? results.at(-1) : undefined
        const next = last === undefined ? undefined : cursor.write({ emoji: last.emoji, user: last.user_id })
        return answerPage(request, reply, { results, next }, lists)
      }
    )
    app.put(
      `${url}reactions/:emoji/`,
      {
        schema: {
          tags,
          operationId: 'addReaction',
          summary: 'React to a message',
          params: reaction,
          response: answers({ 200: ref(Message) }, 400, 401, 404)
        }
      },
      async request => {
        await messageChanges.react(refOf(request), request.params.emoji, true)
        return messageChanges.find(refOf(request))
      }
    )
    app.delete(
      `${url}reactions/:emoji/`,
      {
        schema: {
          tags,
          operationId: 'removeReaction',
          summary: 'Remove a reaction of mine',
          params: reaction,
          response: answers({ 204: done }, 400, 401, 404)
        }
      },
      async (request, reply) => {
        await messageChanges.react(refOf(request), request.params.emoji, false)
        return reply.code(204).send(null)
      }
    )
  }
}

function pins({ messageChanges }: MessageChangeRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    app.get(
      '/api/v1/conversations/:id/pins/',
      {
        schema: {
          tags,
          operationId: 'listPins',
          summary: 'List the pinned messages of a conversation, the last pinned first',
          params: Type.Object({ id: ConversationId }),
          response: answers({ 200: Type.Array(ref(Message)) }, 400, 401, 404)
        }
      },
      request => messageChanges.pins(request.caller.userId, request.params.id)
    )
    app.put(
      `${url}pin/`,
      {
        schema: {
          tags,
          operationId: 'pinMessage',
          summary: 'Pin a message. In a group only admins may',
          params,
          response: answers({ 200: ref(Message) }, 400, 401, 403, 404)
        }
      },
      async request => {
        await messageChanges.pin(refOf(request), true)
        return messageChanges.find(refOf(request))
      }
    )
    app.delete(
      `${url}pin/`,
      {
        schema: {
          tags,
          operationId: 'unpinMessage',
          summary: 'Unpin a message. In a group only admins may',
          params,
          response: answers({ 204: done }, 400, 401, 403, 404)
        }
      },
      async (request, reply) => {
        await messageChanges.pin(refOf(request), false)
        return reply.code(204).send(null)
      }
    )
  }
}

type MessageRequest = Pick<FastifyRequest, 'caller'> & {
  readonly params: { readonly id: ConversationId; readonly messageId: MessageId }
}

function refOf({ caller, params: { id, messageId } }: MessageRequest) {
  return messageOf(caller.userId, id, messageId)
}
