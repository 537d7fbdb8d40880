import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Person, ref, User, UserId } from '@rendezvous/contract'
import { Type } from 'typebox'
import { answers } from '../../kernel/openapi.ts'
import type { AccountService } from '../accounts/service.ts'

/** The services these routes call. */
export interface UserRoutesDeps {
  readonly accounts: Pick<AccountService, 'user' | 'person'>
}

const shared = { tags: ['users'], params: Type.Object({ id: UserId }) }

/** Profiles of other users, at the paths of both seeds. */
export function userRoutes({ accounts }: UserRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    app.get(
      '/users/:id/',
      {
        config: { lenient: true },
        schema: {
          ...shared,
          operationId: 'readPerson',
          summary: 'Read the profile of a user, their address where this server lists addresses, and their presence',
          response: answers({ 200: ref(Person) }, 401, 404)
        }
      },
      request => accounts.person(request.caller.userId, request.params.id)
    )
    app.get(
      '/api/v1/auth/users/:id/',
      {
        config: { lenient: true },
        schema: {
          ...shared,
          operationId: 'readUser',
          summary: 'Read the profile of a user, and whether they are online',
          response: answers({ 200: ref(User) }, 401, 404)
        }
      },
      request => accounts.user(request.caller.userId, request.params.id)
    )
  }
}
