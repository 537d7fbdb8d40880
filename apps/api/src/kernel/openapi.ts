import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { Problem, ref } from '@rendezvous/contract'
import type { FastifyContextConfig, FastifyInstance, FastifySchema } from 'fastify'
import type { TSchema } from 'typebox'

/** Describes the routes that are registered on `app` from now on: the document at `/openapi.json`, a page to read and try it at `/docs`. */
export async function documentRoutes(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Rendezvous', version: '1', description: 'Realtime chat: HTTP API. The socket is at `/ws/chat`.' },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } }
    },
    convertConstToEnum: false,
    refResolver: { buildLocalReference: (json, _baseUri, _fragment, index) => String(json.$id ?? `schema-${index}`) },
    transform: ({ schema, url, route: { config } }) => ({ url, schema: described(schema ?? {}, config ?? {}) })
  })
  await app.register(async docs => {
    docs.addHook('onRoute', route => {
      route.config = { ...route.config, access: 'public' }
      route.schema = { ...route.schema, hide: true }
    })
    await docs.register(swaggerUi, { routePrefix: '/docs' })
    docs.get('/openapi.json', async () => app.swagger())
  })
}

/** Media types that a lenient route reads its body from. */
const forms = ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data']
const problem = {
  description: 'Problem',
  content: { 'application/problem+json': { schema: ref(Problem) } }
}

/** What a route's config says besides its schema: who may call it, what it reads, and that anything may fail. */
function described(schema: FastifySchema, { access, lenient }: FastifyContextConfig): FastifySchema {
  return {
    ...schema,
    ...(access === 'public' ? {} : { security: [{ bearer: [] }] }),
    ...(lenient && schema.body !== undefined ? { consumes: forms } : {}),
    response: { ...(schema.response as object), default: problem }
  }
}

/** The `response` of a route: what it answers when all is well, by status, and a `Problem` for each of `failures`. */
export function answers<Success extends Record<number, TSchema>>(
  success: Success,
  ...failures: number[]
): Success & FastifySchema['response'] {
  return { ...success, ...Object.fromEntries(failures.map(status => [status, problem])) }
}
