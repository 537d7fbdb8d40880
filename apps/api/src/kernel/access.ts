import { ApiError, accessTokenNotValid, type Claims, limits } from '@rendezvous/contract'
import type { FastifyInstance } from 'fastify'
import type { RequestCounter } from './limits.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call the route. What does not say is for signed-in people. */
    access?: 'public' | 'user'
  }
  interface FastifyRequest {
    /** Whose access token the request carried. Set on routes with access `user` only. */
    caller: Claims
  }
}

/** The claims of an access token that may be used now.
 *  @throws accessTokenNotValid for any other text, and when its session has ended. */
export type Authenticate = (token: string) => Promise<Claims>

/** Lets nobody without a valid access token reach the routes of `app`, save those whose config says `access: 'public'`. Every request is
 *  counted first, by who asks as far as that is known; too many are refused with what the counter throws. */
export function requireAccess(app: FastifyInstance, authenticate: Authenticate, counter: RequestCounter): void {
  app.decorateRequest('caller')
  app.addHook('onRequest', async (request, reply) => {
    const { access, limit } = request.routeOptions.config
    if (request.is404 || access === 'public') return counter.byAddress(request, reply, limit)

    try {
      request.caller = await authenticate(bearerToken(request.headers.authorization))
    } catch (error) {
      await counter.byAddress(request, reply)
      throw error
    }
    await counter.byAccount(request, reply, limit)
  })
}

/** Reads the header as SimpleJWT does: another scheme counts as no credentials at all. */
function bearerToken(header: string | undefined): string {
  const words = (header ?? '').trim().split(/\s+/)
  if (words[0]?.toLowerCase() !== 'bearer') throw new ApiError('not_authenticated')
  if (words.length !== 2) throw new ApiError('bad_authorization_header')

  const token = words[1] ?? ''
  if (token.length > limits.tokenCharacters) throw accessTokenNotValid()
  return token
}
