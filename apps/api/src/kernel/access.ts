import { ApiError, type Claims } from '@rendezvous/contract'
import { bearerToken } from '@rendezvous/tokens'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { RequestCounter } from './limits.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call the route: everybody, or signed-in users. `user` unless given. */
    access?: 'public' | 'user'
  }
  interface FastifyRequest {
    /** The claims of the request's access token. Set on routes with access `user` only. */
    caller: Claims
  }
}

/** The claims of a valid access token.
 *  @throws accessTokenNotValid for any other text, and when the session has ended. */
export type Authenticate = (token: string) => Promise<Claims>

/** Requires a valid access token on all routes of `app` except those with `access: 'public'`. Also counts every
 *  request: by account when the token is valid, else by address. Throws what the counter throws. */
export function requireAccess(app: FastifyInstance, authenticate: Authenticate, counter: RequestCounter): void {
  app.decorateRequest('caller')
  app.addHook('onRequest', async (request, reply) => {
    const { access, limit } = request.routeOptions.config
    if (request.is404 || access === 'public') return counter.byAddress(request, reply, limit)

    try {
      request.caller = await authenticate(tokenOf(request))
    } catch (error) {
      await counter.byAddress(request, reply)
      throw error
    }
    await counter.byAccount(request, reply, limit)
  })
}

function tokenOf({ headers }: FastifyRequest): string {
  const token = bearerToken(headers.authorization)
  if (token === null) throw new ApiError('not_authenticated')
  return token
}
