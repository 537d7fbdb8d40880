import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { ApiError, type ErrorCode, problemBody } from '@rendezvous/contract'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { errorsAsSent } from './input/body.ts'
import { setUsedUpHeaders } from './limits.ts'
import { isOutage } from './outage.ts'

const PROBLEM = 'application/problem+json; charset=utf-8'
/** Characters of a client's own header that an error text repeats. */
const ECHO_CHARACTERS = 100

/** Our code for each error of Fastify. */
const frameworkCodes: Readonly<Record<string, ErrorCode>> = Object.freeze({
  FST_ERR_BAD_URL: 'bad_url',
  FST_ERR_MAX_PARAM_LENGTH: 'not_found',
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'parse_error'
})

/** Answers every error that a route of `app` throws with a problem body. An error outside the contract is logged. It is
 *  answered as `unavailable` when the database or the cluster is unreachable, else as `internal`. */
export function problems(app: FastifyInstance): void {
  app.setErrorHandler((thrown: FastifyError, request, reply) => {
    const error = asApiError(thrown, request)
    if (error.code === 'internal') request.log.error({ err: thrown }, 'request failed')
    if (error.code === 'unavailable') request.log.warn({ err: thrown }, 'request refused')
    return answer(error, request, reply)
  })
}

/** Answers 404 for a path without a route. */
export function answerNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return answer(new ApiError('not_found'), request, reply)
}

/** For Fastify's `frameworkErrors`: answers a request whose address is malformed, so that no route was found. */
export function answerFrameworkError(thrown: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  void answer(asApiError(thrown, request), request, reply)
}

/** For Fastify's `clientErrorHandler`: answers bytes that are not an HTTP request, if the socket is still writable, and
 *  closes the connection. */
export function answerBrokenConnection(thrown: Error & { code?: string }, socket: Socket): void {
  if (thrown.code === 'ECONNRESET' || socket.destroyed) return

  if (socket.writable) socket.write(rawAnswer(new ApiError(brokenConnectionCode(thrown.code))))
  socket.destroy(thrown)
}

/** The 415 for a body of an unsupported type, with Django REST framework's text. */
export function unsupportedMediaType(contentType: string | undefined): ApiError {
  const named = (contentType ?? '').slice(0, ECHO_CHARACTERS)
  return new ApiError('unsupported_media_type', { detail: `Unsupported media type "${named}" in request.` })
}

function brokenConnectionCode(code: string | undefined): ErrorCode {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request_timeout'
  return code === 'HPE_HEADER_OVERFLOW' ? 'headers_too_large' : 'parse_error'
}

function rawAnswer(error: ApiError): string {
  const requestId = randomUUID()
  const body = JSON.stringify(problemBody(error, requestId))
  const head = [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}`,
    `Content-Type: ${PROBLEM}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'Connection: close'
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

function asApiError(thrown: FastifyError, request: FastifyRequest): ApiError {
  if (thrown instanceof ApiError) return asSent(thrown, request)

  const code = frameworkCodes[thrown.code]
  if (code === 'unsupported_media_type') return unsupportedMediaType(request.headers['content-type'])
  if (code !== undefined) return new ApiError(code)
  if (failedWhileReading(thrown)) return new ApiError('parse_error')
  return isOutage(thrown) ? new ApiError('unavailable', { retryAfter: 1 }) : new ApiError('internal')
}

/** The error with its fields under the names (aliases) that the client sent. */
function asSent(error: ApiError, { body }: FastifyRequest): ApiError {
  if (error.fields === undefined) return error
  const { code, message: detail, extra, retryAfter } = error
  const fields = errorsAsSent(error.fields, body)
  return new ApiError(code, { detail, extra, fields, ...(retryAfter === undefined ? {} : { retryAfter }) })
}

/** Fastify sets 400 on an error while a body is read, e.g. because the client disconnected. */
function failedWhileReading(thrown: FastifyError): boolean {
  return thrown.statusCode === 400
}

function answer(error: ApiError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error.status === 401) void reply.header('www-authenticate', 'Bearer realm="api"')
  if (error.retryAfter !== undefined) void reply.header('retry-after', Math.ceil(error.retryAfter))
  if (error.usedUp !== undefined) setUsedUpHeaders(reply, error.usedUp)
  return reply
    .code(error.status)
    .header('x-request-id', request.id)
    .header('cache-control', 'no-store')
    .header('x-content-type-options', 'nosniff')
    .type(PROBLEM)
    .serializer(JSON.stringify)
    .send(problemBody(error, request.id))
}
