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
import { refuseAmbiguous } from './framing.ts'
import { answerBrokenConnection, answerFrameworkError, problems } from './problem.ts'

/** What a process decides about its HTTP server. `logger` is Fastify's option; without it nothing is logged. */
export interface ServerSettings {
  readonly logger?: FastifyServerOptions['logger']
  /** Proxies whose X-Forwarded-* headers are trusted, as Fastify's `trustProxy` takes them. */
  readonly trustProxy?: string[] | ((address: string, hop: number) => boolean)
  /** Time in which the headers of a request must arrive; then 408. */
  readonly headersTimeoutMs?: number
  /** Time in which a whole request must arrive; then 408. */
  readonly requestTimeoutMs?: number
}

/** Longest path parameter; a longer one is answered with 404. */
const PARAMETER_CHARACTERS = 128
/** The address and the headers of a request together; above it 431. An address may be as long as a body, so that a
 *  search that is too long is refused by its field. */
const HEAD_BYTES = 64 * 1024
const HEADERS_MS = 15_000
const REQUEST_MS = 30_000
/** Longest interval between checks of both timeouts. They are checked at least three times within
 *  `headersTimeoutMs`. */
const CHECK_MS = 5_000
/** How long an idle connection is kept: above nginx's 60 s, so that nginx never writes into a closing connection. */
const KEEP_ALIVE_MS = 72_000
/** A connection without traffic in either direction is closed after this. WebSockets lift the limit when they open. */
const CONNECTION_MS = 120_000
/** Time for open requests to be answered once the server closes. Then every connection is cut. Node does not count as
 *  idle the unused connections that browsers open ahead. */
const CLOSING_MS = 3_000

/**
 * The one HTTP server of a process, for api and gateway. An error before a route is found is answered with a problem
 * body too. The log contains neither query strings nor headers.
 */
export function buildServer(settings: ServerSettings = {}): FastifyInstance {
  const app = fastify(serverOptions(settings))
  problems(app)
  refuseAmbiguous(app)
  return app
}

/** Bounds how long the closing `app` waits for its connections. Call it after every plugin that drains first. */
export function boundClosing(app: FastifyInstance): void {
  app.addHook('preClose', async () => void setTimeout(() => app.server.closeAllConnections(), CLOSING_MS).unref())
}

function serverOptions(settings: ServerSettings): FastifyHttpOptions<RawServerDefault> {
  const { logger, trustProxy, requestTimeoutMs = REQUEST_MS } = settings
  const headersTimeout = Math.min(settings.headersTimeoutMs ?? HEADERS_MS, requestTimeoutMs)
  return {
    logger: withSerializers(logger),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    trustProxy: trustProxy ?? false,
    bodyLimit: limits.bodyBytes,
    http: {
      headersTimeout,
      connectionsCheckingInterval: Math.min(CHECK_MS, Math.ceil(headersTimeout / 3)),
      maxHeaderSize: HEAD_BYTES,
      insecureHTTPParser: false,
      requireHostHeader: false // refused as a problem by refuseAmbiguous
    },
    requestTimeout: requestTimeoutMs,
    // No bound: above one, Node answers pipelined requests with a 503 without a body. Rates bound requests instead.
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

/** The client's `X-Request-Id` when it has at most 64 letters, digits, `_`, `.` or `-`, else a new UUID. */
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

function withSerializers(logger: FastifyServerOptions['logger']): NonNullable<FastifyServerOptions['logger']> {
  if (logger === undefined || logger === false) return false
  return { ...(logger === true ? {} : logger), serializers }
}
