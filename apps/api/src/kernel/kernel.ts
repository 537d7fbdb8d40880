import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'
import { negotiate } from './accept.ts'
import { type Authenticate, requireAccess } from './access.ts'
import { readBodies } from './bodies.ts'
import { setPublicOrigin } from './host.ts'
import { readInput } from './input/compiler.ts'
import { limitHeaders, type RequestLimits, refuseMisplacedLimits, requestCounter } from './limits.ts'
import { collectMethods } from './method.ts'
import { documentRoutes } from './openapi.ts'
import { answerNotFound } from './problem.ts'
import { addSchemas } from './schemas.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whether `@fastify/cors` treats the request as a preflight. */
    corsPreflightEnabled: boolean
  }
}

/** What the kernel needs from the process. */
export interface KernelDeps extends RequestLimits {
  readonly authenticate: Authenticate
  /** Origins whose pages may call the api. Contains `*` to allow all. */
  readonly corsOrigins: readonly string[]
  /** The origin in addresses that answers contain, such as `https://chat.example`. By default that of each request. */
  readonly publicOrigin?: string
}

/**
 * Installs what every route of the api shares: bodies, input, access, CORS, documentation, answers to unknown paths.
 * Call it before the routes are registered on `app`, and call the function it returns after all of them.
 */
export async function installKernel(app: FastifyInstance, deps: KernelDeps): Promise<() => void> {
  addSchemas(app)
  setPublicOrigin(app, deps.publicOrigin)
  setHeaders(app)
  await allowOrigins(app, deps.corsOrigins)
  refuseMisplacedLimits(app)
  requireAccess(app, deps.authenticate, requestCounter(deps))
  negotiate(app)
  app.addHook('onRequest', (request, reply, done) => {
    if (request.is404) answerNotFound(request, reply)
    else done()
  })
  readBodies(app)
  readInput(app)
  const refuseOtherMethods = collectMethods(app)
  app.setNotFoundHandler(answerNotFound)
  await documentRoutes(app)
  return refuseOtherMethods
}

function setHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff')
    done()
  })
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store')
    done(null, payload)
  })
}

/** Lets pages of `origins` call, and answers preflights. Other OPTIONS requests go to the path's own route, if any. */
async function allowOrigins(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  app.addHook('onRoute', route => {
    if (route.method === 'OPTIONS' && route.url === '*') route.config = { ...route.config, access: 'public' }
  })
  await app.register(cors, corsOptions(origins))
  app.addHook('onRequest', (request, reply, done) => {
    if (request.method !== 'OPTIONS') return done()
    if ('access-control-request-method' in request.headers) return void reply.code(204).send()
    request.corsPreflightEnabled = false
    done()
  })
}

/** With `*` every page may call, but browsers send no credentials. Named origins may send them. */
function corsOptions(origins: readonly string[]) {
  const anyOrigin = origins.includes('*')
  return {
    origin: anyOrigin ? '*' : origins.length > 0 && [...origins],
    credentials: !anyOrigin && origins.length > 0,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: ['Link', 'Retry-After', 'X-Request-Id', ...limitHeaders].join(', '),
    maxAge: 600,
    strictPreflight: false,
    preflightContinue: true
  }
}
