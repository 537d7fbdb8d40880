import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  ChangePasswordRequest,
  PasswordChanged,
  Profile,
  ProfileUpdate,
  RegisterRequest,
  ref,
  UpdateStatusRequest,
  UserStatus
} from '@rendezvous/contract'
import { answers } from '../kernel/openapi.ts'
import type { AccountService } from '../services/accounts.ts'
import { askerOf, deviceOf } from './device.ts'

/** The services these routes call. */
export interface AccountRoutesDeps {
  readonly accounts: AccountService
}

const tags = ['accounts']
const config = { lenient: true } as const

/** One's own account. */
export function accountRoutes(deps: AccountRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    await app.register(making(deps))
    await app.register(keeping(deps))
  }
}

function making({ accounts }: AccountRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    app.post(
      '/api/v1/auth/register/',
      {
        config: { ...config, access: 'public', limit: 'register' },
        schema: {
          tags,
          operationId: 'register',
          summary: 'Make an account',
          body: ref(RegisterRequest),
          response: answers({ 201: ref(Profile) }, 400, 429)
        }
      },
      async (request, reply) => {
        const profile = await accounts.register(request.body, askerOf(request, reply))
        return reply.code(201).send(profile)
      }
    )
  }
}

function keeping({ accounts }: AccountRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    app.get(
      '/api/v1/auth/profile/',
      {
        config,
        schema: {
          tags,
          operationId: 'readProfile',
          summary: 'Read my profile',
          response: answers({ 200: ref(Profile) }, 401)
        }
      },
      request => accounts.profile(request.caller.userId)
    )
    app.route({
      method: ['PUT', 'PATCH'],
      url: '/api/v1/auth/profile/',
      config,
      schema: {
        tags,
        operationId: 'updateProfile',
        summary: 'Change the fields of my profile that are given',
        body: ref(ProfileUpdate),
        response: answers({ 200: ref(Profile) }, 400, 401)
      },
      handler: request => accounts.updateProfile(request.caller.userId, request.body)
    })
    app.route({
      method: ['PUT', 'POST', 'PATCH'],
      url: '/api/v1/auth/change-password/',
      config,
      schema: {
        tags,
        operationId: 'changePassword',
        summary: 'Change my password: all my other sessions end',
        body: ref(ChangePasswordRequest),
        response: answers({ 200: ref(PasswordChanged) }, 400, 401, 429)
      },
      handler: (request, reply) => accounts.changePassword(request.caller, request.body, deviceOf(request, reply))
    })
    app.route({
      method: ['POST', 'PUT', 'PATCH'],
      url: '/api/v1/auth/update-status/',
      config,
      schema: {
        tags,
        operationId: 'updateStatus',
        summary: 'Say whether I want to be seen online',
        body: ref(UpdateStatusRequest),
        response: answers({ 200: ref(UserStatus) }, 400, 401)
      },
      handler: request => accounts.updateStatus(request.caller.userId, request.body.is_online ?? true)
    })
  }
}
