import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ref, User, UserId } from '@rendezvous/contract'
import { Type } from 'typebox'
import { answers } from '../kernel/openapi.ts'
import type { AccountService } from '../services/accounts.ts'

/** The services these routes call. */
export interface UserRoutesDeps {
  readonly accounts: Pick<AccountService, 'user'>
}

/** Other people, at the path of either seed. */
export function userRoutes({ accounts }: UserRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    const paths = { readPerson: '/users/:id/', readUser: '/api/v1/auth/users/:id/' }
    for (const [operationId, url] of Object.entries(paths)) {
      app.get(
        url,
        {
          config: { lenient: true },
          schema: {
            tags: ['users'],
            operationId,
            summary: 'Read the profile of a person, and whether he is online',
            params: Type.Object({ id: UserId }),
            response: answers({ 200: ref(User) }, 401, 404)
          }
        },
        request => accounts.user(request.caller.userId, request.params.id)
      )
    }
  }
}
