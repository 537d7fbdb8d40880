import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { limits } from '@rendezvous/contract'
import fastify, {
  type FastifyHttpOptions,
  type FastifyInstance,
  type FastifyServerOptions,
  LogController,
  type RawServerDefault
} from 'fastify'
import { refuseDoubtful } from './framing.ts'
import { answerBrokenConnection, answerFrameworkError, problems } from './problem.ts'

/** What a process decides about its HTTP server. `logger` as Fastify takes it; without one nothing is logged. */
export interface ServerSettings {
  readonly logger?: FastifyServerOptions['logger']
  /** Addresses of proxies whose X-Forwarded-* headers are believed, as Fastify's `trustProxy` takes them. */
  readonly trustProxy?: boolean | string
  /** In which the headers of a request must have arrived; then 408. */
  readonly headersTimeoutMs?: number
  /** In which a request must have arrived whole; then 408. */
  readonly requestTimeoutMs?: number
}

/** Longest path parameter that is looked at; a longer one names nothing. */
const PARAMETER_CHARACTERS = 128
/** The address and the headers of a request together; above it 431. An address may be as long as a body: a search too long is told so. */
const HEAD_BYTES = 64 * 1024
const HEADERS_MS = 15_000
const REQUEST_MS = 30_000
/** Connections are looked at for both this often, and three times in the shorter of them. */
const CHECK_MS = 5_000
/** An idle connection is kept this long: above nginx's 60 s, so that nginx never writes into one that is closing. */
const KEEP_ALIVE_MS = 72_000
/** A connection on which nothing moves in either direction is dropped. Sockets lift this when they open. */
const CONNECTION_MS = 120_000
/** In which what is under way must be answered once the server closes. Then every connection is cut: also those on which nothing was asked
 *  yet, which browsers open ahead and Node does not count as idle. */
const CLOSING_MS = 3_000

/**
 * The one HTTP server of a process, on which api and gateway are registered. Whatever goes wrong before a route is found is answered as
 * a problem as well. Neither query strings nor headers reach the log.
 */
export function buildServer(settings: ServerSettings = {}): FastifyInstance {
  const app = fastify(serverOptions(settings))
  problems(app)
  refuseDoubtful(app)
  return app
}

/** Bounds how long the closing `app` waits for its connections. To be called after everything is registered that drains something first. */
export function boundClosing(app: FastifyInstance): void {
  app.addHook('preClose', async () => void setTimeout(() => app.server.closeAllConnections(), CLOSING_MS).unref())
}

function serverOptions(settings: ServerSettings): FastifyHttpOptions<RawServerDefault> {
  const { logger, trustProxy, requestTimeoutMs = REQUEST_MS } = settings
  const headersTimeout = Math.min(settings.headersTimeoutMs ?? HEADERS_MS, requestTimeoutMs)
  return {
    logger: quiet(logger),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    trustProxy: trustProxy ?? false,
    bodyLimit: limits.bodyBytes,
    http: {
      headersTimeout,
      connectionsCheckingInterval: Math.min(CHECK_MS, Math.ceil(headersTimeout / 3)),
      maxHeaderSize: HEAD_BYTES,
      insecureHTTPParser: false,
      requireHostHeader: false // refused as a problem by refuseDoubtful
    },
    requestTimeout: requestTimeoutMs,
    // As many as there are: above a bound Node answers what was pipelined with a bare 503. What bounds requests is counted by person and address.
    maxRequestsPerSocket: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionTimeout: CONNECTION_MS,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: PARAMETER_CHARACTERS },
    return503OnClosing: false,
    genReqId: requestId,
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: answerBrokenConnection
  }
}

/** The client's `X-Request-Id` when it is a short plain name, else a new one. */
function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID()
}

const serializers = {
  req: (request: { method: string; url: string }) => ({ method: request.method, path: request.url.split('?', 1)[0] }),
  res: (reply: { statusCode: number }) => ({ status: reply.statusCode }),
  err: (error: { name?: string; code?: unknown; message?: string; stack?: string }) => ({
    type: error.name ?? 'Error',
    code: error.code,
    message: error.message ?? '',
    stack: error.stack ?? ''
  })
}

function quiet(logger: FastifyServerOptions['logger']): NonNullable<FastifyServerOptions['logger']> {
  if (logger === undefined || logger === false) return false
  return { ...(logger === true ? {} : logger), serializers }
}
