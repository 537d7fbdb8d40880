import { ApiError } from '@rendezvous/contract'
import type { FastifyInstance, RouteOptions } from 'fastify'

/** Methods that are answered with 405 where a path has none of that name. OPTIONS belongs to CORS. */
const known = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'QUERY']

/** Notes every route that is registered on `app` after this call. The function it returns, called when all are, answers the methods that
 *  a path lacks with 405 and `Allow`. */
export function collectMethods(app: FastifyInstance): () => void {
  const methods = new Map<string, Set<string>>()
  app.addHook('onRoute', route => note(methods, route))
  return () => {
    const found = [...methods].filter(([url]) => !url.includes('*'))
    for (const [url, present] of found) refuseOthers(app, url, [...present])
  }
}

function note(methods: Map<string, Set<string>>, { url, method }: RouteOptions): void {
  const present = methods.get(url) ?? new Set()
  for (const name of [method].flat()) present.add(name)
  methods.set(url, present)
}

function refuseOthers(app: FastifyInstance, url: string, present: string[]): void {
  const missing = known.filter(method => !present.includes(method))
  if (missing.length === 0) return

  app.route({
    url,
    method: missing,
    config: { access: 'public' },
    schema: { hide: true },
    onRequest: async (request, reply) => {
      void reply.header('allow', [...present, 'OPTIONS'].join(', '))
      throw new ApiError('method_not_allowed', { detail: `Method "${request.method}" not allowed.` })
    },
    handler: async () => undefined
  })
}
