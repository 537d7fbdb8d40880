import { ApiError, Metadata, ref } from '@rendezvous/contract'
import type { FastifyInstance, RouteOptions } from 'fastify'

/** Methods that are answered with 405 on a path that lacks them. */
const known = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'QUERY']
const JSON_TYPE = 'application/json'
const FORM_TYPES = ['application/x-www-form-urlencoded', 'multipart/form-data']

/** The methods of a path, and its routes. */
interface Path {
  readonly methods: Set<string>
  readonly routes: RouteOptions[]
}

/** Collects every route that is registered on `app` after this call. Call the returned function after all routes: their
 *  paths then answer missing methods with 405 and `Allow`, and OPTIONS with a description. CORS answers preflights. */
export function collectMethods(app: FastifyInstance): () => void {
  const paths = new Map<string, Path>()
  let isComplete = false
  app.addHook('onRoute', route => {
    if (!isComplete) collect(paths, route)
  })
  return () => {
    isComplete = true
    const found = [...paths].filter(([url]) => !url.includes('*'))
    for (const [url, path] of found) {
      const allow = [...path.methods, 'OPTIONS'].join(', ')
      refuseOthers(app, url, path, allow)
      describe(app, url, path, allow)
    }
  }
}

function collect(paths: Map<string, Path>, route: RouteOptions): void {
  const path = paths.get(route.url) ?? { methods: new Set(), routes: [] }
  for (const name of [route.method].flat()) path.methods.add(name)
  path.routes.push(route)
  paths.set(route.url, path)
}

function refuseOthers(app: FastifyInstance, url: string, { methods }: Path, allow: string): void {
  const missing = known.filter(method => !methods.has(method))
  if (missing.length === 0) return

  app.route({
    url,
    method: missing,
    config: { access: 'public' },
    schema: { hide: true },
    onRequest: async (request, reply) => {
      void reply.header('allow', allow)
      throw new ApiError('method_not_allowed', { detail: `Method "${request.method}" not allowed.` })
    },
    handler: async () => undefined
  })
}

/** Adds OPTIONS. It is public when one of the path's routes is. */
function describe(app: FastifyInstance, url: string, { routes }: Path, allow: string): void {
  const isPublic = routes.some(({ config }) => config?.access === 'public')
  const lenient = routes.some(({ config }) => config?.lenient === true)
  const metadata = {
    name: url,
    description: [...new Set(routes.map(({ schema }) => schema?.summary ?? ''))].join('\n'),
    renders: [JSON_TYPE],
    parses: [JSON_TYPE, ...(lenient ? FORM_TYPES : [])]
  }
  app.route({
    url,
    method: 'OPTIONS',
    config: { access: isPublic ? 'public' : 'user', lenient },
    schema: { hide: true, response: { 200: ref(Metadata) } },
    handler: async (_request, reply) => {
      void reply.header('allow', allow)
      return metadata
    }
  })
}
