import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { Problem, ref } from '@rendezvous/contract'
import type { FastifyContextConfig, FastifyInstance, FastifySchema } from 'fastify'
import type { TSchema } from 'typebox'
import { socketDocument } from './asyncapi.ts'
import { forgiving } from './input/address.ts'
import type { ObjectSchema } from './input/body.ts'
import { documentBodies, MANNER } from './input/document.ts'
import { lenientField, orLeftEmpty } from './input/lenience.ts'
import { nameOperations } from './operations.ts'

/** Describes the routes that are registered on `app` from now on: the document at `/openapi.json`, a page to read and try it at `/docs`. */
export async function documentRoutes(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Rendezvous',
        version: '1',
        description:
          'Realtime chat: HTTP API. The socket is at `/ws/chat`; [asyncapi.json](/asyncapi.json) describes it.'
      },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } }
    },
    convertConstToEnum: false,
    refResolver: { buildLocalReference: (json, _baseUri, _fragment, index) => String(json.$id ?? `schema-${index}`) },
    transform: ({ schema, url, route: { config, method } }) => ({
      url,
      schema: described(
        schema ?? {},
        config ?? {},
        [method].flat().every(name => ['GET', 'HEAD'].includes(name))
      )
    }),
    transformObject: documents =>
      nameOperations(documentBodies('openapiObject' in documents ? documents.openapiObject : {}))
  })
  await app.register(async docs => {
    docs.addHook('onRoute', route => {
      route.config = { ...route.config, access: 'public' }
      route.schema = { ...route.schema, hide: true }
    })
    await docs.register(swaggerUi, { routePrefix: '/docs' })
    docs.get('/openapi.json', async () => app.swagger())
    const socket = socketDocument()
    docs.get('/asyncapi.json', async () => socket)
  })
}

const problem = {
  description: 'Problem',
  content: { 'application/problem+json': { schema: ref(Problem) } }
}

/** What a route's config says besides its schema: who may call it, how it reads, and what may fail whatever it does. */
function described(
  schema: FastifySchema,
  { access, lenient, limit }: FastifyContextConfig,
  bodiless: boolean
): FastifySchema & { readonly [MANNER]: string } {
  const failures = [
    ...(access === 'public' ? [] : [401]),
    ...(lenient ? [406] : []),
    ...(schema.params === undefined ? [] : [400]), // of bytes that are no text
    ...(bodiless ? [] : [400, 413, 415]),
    ...(limit === 'none' ? [] : [429]),
    503
  ]
  return {
    ...schema,
    [MANNER]: lenient ? 'lenient' : 'strict',
    ...(access === 'public' ? {} : { security: [{ bearer: [] }] }),
    ...(schema.querystring === undefined ? {} : { querystring: asRead(schema.querystring as ObjectSchema) }),
    response: { ...answers({}, ...failures), ...(schema.response as object), default: problem }
  }
}

/** Addresses are read leniently everywhere. */
function asRead({ properties, required = [] }: ObjectSchema) {
  const fields = Object.entries(properties).map(([name, field]) => {
    const read = lenientField(name, field, 'query')
    if (forgiving.has(name)) return [name, { ...read, anyOf: [field, { type: 'string' }] }]
    return [name, required.includes(name) || field.type === 'string' ? read : orLeftEmpty(read)]
  })
  return { type: 'object', required, properties: Object.fromEntries(fields) }
}

/** The `response` of a route: what it answers when all is well, by status, and a `Problem` for each of `failures`. */
export function answers<Success extends Record<number, TSchema>>(
  success: Success,
  ...failures: number[]
): Success & FastifySchema['response'] {
  return { ...success, ...Object.fromEntries(failures.map(status => [status, problem])) }
}
