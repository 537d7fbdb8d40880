import type { IncomingMessage } from 'node:http'
import { ApiError } from '@rendezvous/contract'
import type { FastifyInstance } from 'fastify'
import { hostError } from './host.ts'

/** Header lines of a request; above it 431. Browsers send about twenty. */
const HEADER_LINES = 100
/** All headers of a request, in characters; above it 431. */
const HEADER_CHARACTERS = 16 * 1024

/**
 * Refuses requests that two servers could frame differently (request smuggling), beyond those that Node's parser
 * refuses, and those whose host is malformed. Closes their connection and serves no further request of it: the next bytes may be part of the refused
 * request.
 */
export function refuseAmbiguous(app: FastifyInstance): void {
  // one more than allowed, because Node drops lines above this count without an error
  app.server.maxHeadersCount = HEADER_LINES + 1
  // an unknown expectation is ignored (RFC 9110, 10.1.1), because Node's own 417 has no problem body
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
  const refused = new WeakSet<object>()

  // a callback, not a promise: Node parses a pipelined request in the same turn of the event loop
  app.addHook('onRequest', (request, reply, done) => {
    const { raw } = request
    const error = refused.has(raw.socket) ? new ApiError('parse_error') : (framingError(raw) ?? hostError(request))
    if (error === null) return done()

    refused.add(raw.socket)
    void reply.header('connection', 'close')
    // after Node has parsed all bytes that arrived together, so that pipelined requests are refused as well
    setImmediate(done, error)
  })
}

function framingError(request: IncomingMessage): ApiError | null {
  const { rawHeaders, headers, httpVersion } = request
  if (rawHeaders.length > HEADER_LINES * 2 || lengthOf(rawHeaders) > HEADER_CHARACTERS)
    return new ApiError('headers_too_large')
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return new ApiError('parse_error')

  const coding = headers['transfer-encoding']
  const isPlain = coding === undefined || (coding.toLowerCase() === 'chunked' && httpVersion === '1.1')
  const hosts = hostsIn(rawHeaders)
  const isOneHost = hosts === 1 || (hosts === 0 && httpVersion === '1.0')
  return isPlain && isOneHost ? null : new ApiError('parse_error')
}

function lengthOf(rawHeaders: readonly string[]): number {
  let characters = 0
  for (const part of rawHeaders) characters += part.length
  return characters
}

/** How many `Host` lines there are. Node's parsed headers keep only the first. */
function hostsIn(rawHeaders: readonly string[]): number {
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1
  }
  return hosts
}
