import swagger from '@fastify/swagger'
import { Problem, ref } from '@rendezvous/contract'
import type { FastifyContextConfig, FastifyInstance, FastifySchema } from 'fastify'
import type { TSchema } from 'typebox'
import { socketDocument } from './asyncapi.ts'
import { serveDocs } from './docs.ts'
import { ignoredIfInvalid } from './input/address.ts'
import type { ObjectSchema } from './input/body.ts'
import { documentBodies, READ_MODE } from './input/document.ts'
import { lenientField, orEmpty } from './input/lenience.ts'
import { nameOperations } from './operations.ts'

const TITLE = 'Rendezvous'
const TOKEN = 'The field `access` of the answer to `POST /api/token/`, without the word Bearer.'
const DESCRIPTION = `Realtime chat: HTTP API. The socket is at \`/ws/chat\`; [asyncapi.json](/asyncapi.json) describes it.

**Where a token comes from.** Send \`username\` and \`password\` to \`POST /api/token/\` and copy \`access\` from the answer.
Press *Authorize* on this page and paste it; elsewhere send it as \`Authorization: Bearer <access>\`. Without an account,
create one with \`POST /api/v1/auth/register/\`. When the token has expired, send \`refresh\` to
\`POST /api/token/refresh/\`.`

/** Describes the routes that are registered on `app` after this call, at `/openapi.json`. `/docs` is a page to try
 *  them, and `/` redirects to it. */
export async function documentRoutes(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: TITLE,
        version: '1',
        description: DESCRIPTION
      },
      components: {
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: TOKEN } }
      }
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
    docs.get('/', async (_request, reply) => reply.redirect('/docs')) // until there is a page
    await serveDocs(docs, {
      title: TITLE,
      documents: {
        '/openapi.json': () => JSON.stringify(app.swagger()),
        '/asyncapi.json': () => JSON.stringify(socketDocument())
      }
    })
  })
}

const problem = {
  description: 'Problem',
  content: { 'application/problem+json': { schema: ref(Problem) } }
}

/** The route's schema with what its config adds: its access, how it reads input, and the errors that any route can
 *  answer. */
function described(
  schema: FastifySchema,
  { access, lenient, limit }: FastifyContextConfig,
  bodiless: boolean
): FastifySchema & { readonly [READ_MODE]: string } {
  const failures = [
    ...(access === 'public' ? [] : [401]),
    ...(lenient ? [406] : []),
    ...(schema.params === undefined ? [] : [400]), // for bytes that are not UTF-8
    ...(bodiless ? [] : [400, 413, 415]),
    ...(limit === 'none' ? [] : [429]),
    503
  ]
  return {
    ...schema,
    [READ_MODE]: lenient ? 'lenient' : 'strict',
    ...(access === 'public' ? {} : { security: [{ bearer: [] }] }),
    ...(schema.querystring === undefined ? {} : { querystring: asRead(schema.querystring as ObjectSchema) }),
    response: { ...answers({}, ...failures), ...(schema.response as object), default: problem }
  }
}

/** A query string as it is read: leniently on every route. */
function asRead({ properties, required = [] }: ObjectSchema) {
  const fields = Object.entries(properties).map(([name, field]) => {
    const read = lenientField(name, field, 'query')
    if (ignoredIfInvalid.has(name)) return [name, { ...read, anyOf: [field, { type: 'string' }] }]
    return [name, required.includes(name) || field.type === 'string' ? read : orEmpty(read)]
  })
  return { type: 'object', required, properties: Object.fromEntries(fields) }
}

/** The `response` of a route: its successes by status, and a `Problem` for each status of `failures`. */
export function answers<Success extends Record<number, TSchema>>(
  success: Success,
  ...failures: number[]
): Success & FastifySchema['response'] {
  return { ...success, ...Object.fromEntries(failures.map(status => [status, problem])) }
}
