import { ApiError } from '@rendezvous/contract'
import type { FastifyInstance } from 'fastify'

/** Media types that Django REST framework can answer. Its HTML for browsers is JSON here too. */
const acceptable = /^\s*(\*\/\*|application\/(\*|json|problem\+json)|text\/(\*|html))\s*(;|$)/i

/** Headers that nearly every client sends. They are accepted without parsing. */
const common: ReadonlySet<string> = new Set(['', '*/*', 'application/json', 'application/json, text/plain, */*'])

/** Refuses requests on the lenient routes of `app` whose `Accept` excludes every type above. Strict routes ignore
 *  `Accept`. */
export function negotiate(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const { accept = '' } = request.headers
    const isAcceptable = common.has(accept) || accept.split(',').some(type => acceptable.test(type))
    if (isAcceptable || !request.routeOptions.config.lenient) done()
    else done(new ApiError('not_acceptable'))
  })
}
