import { ApiError } from '@rendezvous/contract'
import type { FastifyInstance } from 'fastify'

/** Types that a client of Django REST framework can ask for and be answered; its page for browsers is JSON here too. */
const answered = /^\s*(\*\/\*|application\/(\*|json|problem\+json)|text\/(\*|html))\s*(;|$)/i

/** What nearly everybody sends, taken without a closer look. */
const usual: ReadonlySet<string> = new Set(['', '*/*', 'application/json', 'application/json, text/plain, */*'])

/** Refuses, on the lenient routes of `app`, requests that accept nothing of what is answered there. Our own routes answer JSON whatever is accepted. */
export function negotiate(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const { accept = '' } = request.headers
    const isAnswered = usual.has(accept) || accept.split(',').some(type => answered.test(type))
    if (isAnswered || !request.routeOptions.config.lenient) done()
    else done(new ApiError('not_acceptable'))
  })
}
