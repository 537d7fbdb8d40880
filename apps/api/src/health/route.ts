import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ApiError } from '@rendezvous/contract'
import { Type } from 'typebox'
import { answers } from '../kernel/openapi.ts'

/** The check behind `/readyz`. */
export interface HealthRoutesDeps {
  /** Resolves when the database answers. Rejects otherwise, within a deadline of its own. */
  readonly ready: () => Promise<void>
}

const Health = Type.Object({ status: Type.Literal('ok') })
const config = { access: 'public', limit: 'none' } as const
const ok = { status: 'ok' } as const

/** `/livez` says that the process runs. `/readyz` says whether the node should get requests. */
export function healthRoutes({ ready }: HealthRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    app.get(
      '/livez',
      {
        config,
        schema: {
          tags: ['health'],
          operationId: 'checkLive',
          summary: 'The process lives',
          response: answers({ 200: Health })
        }
      },
      async () => ok
    )
    app.get(
      '/readyz',
      {
        config,
        schema: {
          tags: ['health'],
          operationId: 'checkReady',
          summary: 'The node can serve',
          response: answers({ 200: Health }, 503)
        }
      },
      async request => {
        const failure = await ready().then(() => null, asError)
        if (failure === null) return ok

        request.log.warn({ err: failure }, 'not ready')
        throw new ApiError('unavailable', { retryAfter: 1 })
      }
    )
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
