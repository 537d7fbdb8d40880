import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  ChangePasswordRequest,
  PasswordChanged,
  Profile,
  ProfileUpdate,
  RegisterByEmail,
  RegisterRequest,
  ref,
  UpdateStatusRequest,
  UserStatus
} from '@rendezvous/contract'
import { repeatedFields } from '../../kernel/input/body.ts'
import { answers } from '../../kernel/openapi.ts'
import { deviceOf, requesterOf } from '../sessions/request-device.ts'
import type { AccountService } from './service.ts'

/** The services these routes call. */
export interface AccountRoutesDeps {
  readonly accounts: AccountService
}

const tags = ['accounts']
const config = { lenient: true } as const

/** Routes of the caller's own account. */
export function accountRoutes(deps: AccountRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    await app.register(registration(deps))
    await app.register(ownAccount(deps))
  }
}

function registration({ accounts }: AccountRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    app.post(
      '/api/v1/auth/register/',
      {
        config: { ...config, access: 'public', limit: 'register' },
        schema: {
          tags,
          operationId: 'register',
          summary: 'Create an account',
          body: ref(RegisterRequest),
          response: answers({ 201: ref(Profile) }, 400, 429)
        }
      },
      async (request, reply) => {
        const profile = await accounts.register(request.body, requesterOf(request, reply))
        return reply.code(201).send(profile)
      }
    )
    app.post(
      '/register/',
      {
        config: { ...config, access: 'public', limit: 'register' },
        schema: {
          tags,
          operationId: 'registerByEmail',
          summary: 'Create an account that signs in by its address',
          body: ref(RegisterByEmail),
          response: answers({ 201: ref(Profile) }, 400, 429)
        }
      },
      async (request, reply) => {
        const profile = await accounts.register(request.body, requesterOf(request, reply))
        return reply.code(201).send(profile)
      }
    )
  }
}

function ownAccount({ accounts }: AccountRoutesDeps): FastifyPluginAsyncTypebox {
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
        summary: 'Change the given fields of my profile',
        body: ref(ProfileUpdate),
        response: answers({ 200: ref(Profile) }, 400, 401)
      },
      handler: request => accounts.updateProfile(request.caller.userId, request.body, repeatedFields(request.body))
    })
    app.route({
      method: ['PUT', 'POST', 'PATCH'],
      url: '/api/v1/auth/change-password/',
      config,
      schema: {
        tags,
        operationId: 'changePassword',
        summary: 'Change my password and end all my other sessions',
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
        summary: 'Choose whether others see me online',
        body: ref(UpdateStatusRequest),
        response: answers({ 200: ref(UserStatus) }, 400, 401)
      },
      handler: request => accounts.updateStatus(request.caller.userId, request.body.is_online ?? true)
    })
  }
}
