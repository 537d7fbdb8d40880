import { ApiError, accessTokenNotValid, type Claims, limits } from '@rendezvous/contract'
import type { FastifyInstance } from 'fastify'

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

/** Lets nobody without a valid access token reach the routes of `app`, save those whose config says `access: 'public'`. */
export function requireAccess(app: FastifyInstance, authenticate: Authenticate): void {
  app.decorateRequest('caller')
  app.addHook('onRequest', async request => {
    if (request.is404 || request.routeOptions.config.access === 'public') return

    request.caller = await authenticate(bearerToken(request.headers.authorization))
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
