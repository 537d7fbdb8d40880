import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  ChangeConversation,
  ChangeMember,
  Conversation,
  ConversationId,
  ListOf,
  ListQuery,
  limits,
  Member,
  MemberIds,
  ref,
  UserId
} from '@rendezvous/contract'
import { Type } from 'typebox'
import { answers } from '../../kernel/openapi.ts'
import { answerPage, cursors, type ListStyle, pageSize } from '../../kernel/paging.ts'
import type { ConversationService } from '../conversations/service.ts'
import type { GroupService } from './service.ts'

/** The services these routes call. */
export interface GroupRoutesDeps {
  readonly groups: GroupService
  readonly conversations: Pick<ConversationService, 'find'>
  readonly lists: ListStyle
}

const tags = ['groups']
const group = Type.Object({ id: ConversationId })
const member = Type.Object({ id: ConversationId, userId: UserId })
const done = Type.Null({ description: 'Done' })
const cursor = cursors(Type.Object({ after: UserId }))

/** Routes of members, roles, titles and settings of groups. The contract's `rights` say which role may do what. */
export function groupRoutes(deps: GroupRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    await app.register(settings(deps))
    await app.register(members(deps))
    await app.register(membership(deps))
  }
}

function settings({ groups, conversations }: GroupRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    app.patch(
      '/api/v1/conversations/:id/',
      {
        schema: {
          tags,
          operationId: 'updateConversation',
          summary: 'Change the title or the settings of a group',
          params: group,
          body: ref(ChangeConversation),
          response: answers({ 200: ref(Conversation) }, 400, 401, 403, 404)
        }
      },
      async request => {
        await groups.update(request.caller.userId, request.params.id, request.body)
        return conversations.find(request.caller.userId, request.params.id)
      }
    )
  }
}

/** Routes of several members. */
function members({ groups, lists }: GroupRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    app.get(
      '/api/v1/conversations/:id/members/',
      {
        schema: {
          tags,
          operationId: 'listMembers',
          summary: 'List the members of a conversation, by id',
          params: group,
          querystring: ListQuery,
          response: answers({ 200: ListOf(ref(Member)) }, 400, 401, 404)
        }
      },
      async (request, reply) => {
        const after = request.query.cursor === undefined ? 0 : cursor.read(request.query.cursor).after
        const page = { limit: pageSize(request.query), after }
        const { members, next } = await groups.members(request.caller.userId, request.params.id, page)
        const at = next === null ? undefined : cursor.write({ after: next })
        return answerPage(request, reply, { results: members, next: at }, lists)
      }
    )
    app.post(
      '/api/v1/conversations/:id/members/',
      {
        schema: {
          tags,
          operationId: 'addMembers',
          summary: `Add at most ${limits.idsPerRequest} people to a group`,
          params: group,
          body: ref(MemberIds),
          response: answers({ 204: done }, 400, 401, 403, 404, 409)
        }
      },
      async (request, reply) => {
        await groups.add(request.caller.userId, request.params.id, request.body.user_ids)
        return reply.code(204).send(null)
      }
    )
    app.post(
      '/api/v1/conversations/:id/members/remove/',
      {
        schema: {
          tags,
          operationId: 'removeMembers',
          summary: `Remove at most ${limits.idsPerRequest} people from a group`,
          params: group,
          body: ref(MemberIds),
          response: answers({ 204: done }, 400, 401, 403, 404)
        }
      },
      async (request, reply) => {
        await groups.remove(request.caller.userId, request.params.id, request.body.user_ids)
        return reply.code(204).send(null)
      }
    )
  }
}

/** Routes of one member. */
function membership({ groups }: GroupRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    app.delete(
      '/api/v1/conversations/:id/members/:userId/',
      {
        schema: {
          tags,
          operationId: 'removeMember',
          summary: 'Remove a member from a group',
          params: member,
          response: answers({ 204: done }, 400, 401, 403, 404)
        }
      },
      async (request, reply) => {
        await groups.remove(request.caller.userId, request.params.id, [request.params.userId])
        return reply.code(204).send(null)
      }
    )
    app.patch(
      '/api/v1/conversations/:id/members/:userId/',
      {
        schema: {
          tags,
          operationId: 'setMemberRole',
          summary: 'Change the role of a member; `owner` transfers the group',
          params: member,
          body: ref(ChangeMember),
          response: answers({ 204: done }, 400, 401, 403, 404)
        }
      },
      async (request, reply) => {
        const { id, userId } = request.params
        await groups.setRole(request.caller.userId, id, userId, request.body.role, request.ip)
        return reply.code(204).send(null)
      }
    )
  }
}
