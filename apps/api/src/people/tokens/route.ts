import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  Done,
  invalidCredentials,
  LoginAnswer,
  LoginRequest,
  LogoutRequest,
  Nothing,
  RefreshRequest,
  ref,
  TokenPair,
  VerifyRequest
} from '@rendezvous/contract'
import { answers } from '../../kernel/openapi.ts'
import type { AccountService } from '../accounts/service.ts'
import { deviceOf } from '../sessions/request-device.ts'
import type { SessionService } from '../sessions/service.ts'

/** The services these routes call. */
export interface TokenRoutesDeps {
  readonly accounts: AccountService
  readonly sessions: SessionService
}

const tags = ['tokens']
const open = { access: 'public', lenient: true } as const

/** Routes that sign in, refresh and verify tokens, and sign out. */
export function tokenRoutes(deps: TokenRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    await app.register(signingIn(deps))
    await app.register(refreshing(deps))
    await app.register(signingOut(deps))
  }
}

function signingIn({ accounts }: TokenRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    app.post(
      '/auth/login/',
      {
        config: { ...open, limit: 'login' },
        schema: {
          tags,
          operationId: 'logIn',
          summary: 'Sign in and get my profile as well',
          body: ref(LoginRequest),
          response: answers({ 200: ref(LoginAnswer) }, 400, 401, 429)
        }
      },
      (request, reply) => accounts.logInWithProfile(request.body, deviceOf(request, reply))
    )
    app.post(
      '/login/',
      {
        config: { ...open, limit: 'login' },
        schema: {
          tags,
          operationId: 'logInByEmail',
          summary: 'Sign in by address or user name, as clients of the first backend do',
          body: ref(LoginRequest),
          response: answers({ 200: ref(LoginAnswer) }, 400, 401, 429)
        }
      },
      (request, reply) => accounts.logInWithProfile(request.body, deviceOf(request, reply), invalidCredentials)
    )
    app.post(
      '/api/token/',
      {
        config: { ...open, limit: 'login' },
        schema: {
          tags,
          operationId: 'createToken',
          summary: 'Sign in',
          body: ref(LoginRequest),
          response: answers({ 200: ref(TokenPair) }, 400, 401, 429)
        }
      },
      (request, reply) => accounts.logIn(request.body, deviceOf(request, reply))
    )
  }
}

function refreshing({ sessions }: TokenRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    app.post(
      '/api/token/refresh/',
      {
        config: open,
        schema: {
          tags,
          operationId: 'refreshToken',
          summary: 'Get a new access token, and a new refresh token',
          body: ref(RefreshRequest),
          response: answers({ 200: ref(TokenPair) }, 400, 401)
        }
      },
      request => sessions.refresh(request.body.refresh, request.ip)
    )
    app.post(
      '/api/token/verify/',
      {
        config: open,
        schema: {
          tags,
          operationId: 'verifyToken',
          summary: 'Check whether a token is valid',
          body: ref(VerifyRequest),
          response: answers({ 200: ref(Nothing) }, 400, 401)
        }
      },
      async request => {
        await sessions.check(request.body.token)
        return {}
      }
    )
  }
}

function signingOut({ sessions }: TokenRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    app.post(
      '/api/token/blacklist/',
      {
        config: open,
        schema: {
          tags,
          operationId: 'blacklistToken',
          summary: 'End the session of a refresh token',
          body: ref(RefreshRequest),
          response: answers({ 200: ref(Nothing) }, 400, 401)
        }
      },
      async request => {
        await sessions.endByRefresh(request.body.refresh, request.ip)
        return {}
      }
    )
    app.post(
      '/api/v1/auth/logout/',
      {
        config: { lenient: true },
        schema: {
          tags,
          operationId: 'logOut',
          summary: 'Sign out: end my session and its access tokens',
          body: ref(LogoutRequest),
          response: answers({ 200: ref(Done) }, 400, 401)
        }
      },
      async request => {
        await sessions.logOut(request.caller, request.ip, request.body.refresh ?? undefined)
        return { detail: 'Successfully logged out.' }
      }
    )
  }
}
