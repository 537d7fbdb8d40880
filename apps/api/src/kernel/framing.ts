import type { IncomingMessage } from 'node:http'
import { ApiError } from '@rendezvous/contract'
import type { FastifyInstance } from 'fastify'

/** Header lines of a request; above it 431. Browsers send some twenty. */
const HEADER_LINES = 100
/** The headers of a request together, in characters; above it 431. */
const HEADER_CHARACTERS = 16 * 1024

/**
 * Refuses requests that two servers could read in two ways, beyond what Node's parser refuses itself, and closes the connection: what comes
 * after such a request may be a part of it. Nothing else of that connection is carried out.
 */
export function refuseDoubtful(app: FastifyInstance): void {
  // one more than is allowed, so that too many are seen and not silently left out
  app.server.maxHeadersCount = HEADER_LINES + 1
  // an expectation that nobody knows is ignored (RFC 9110, 10.1.1): Node's own 417 has no body that a client could read
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
  const condemned = new WeakSet<object>()

  // with a callback, not a promise: a pipelined request is read in the same turn of the event loop
  app.addHook('onRequest', (request, reply, done) => {
    const { raw } = request
    const error = condemned.has(raw.socket) ? new ApiError('parse_error') : doubt(raw)
    if (error === null) return done()

    condemned.add(raw.socket)
    void reply.header('connection', 'close')
    setImmediate(done, error) // once all that came with it is parsed: an answer at once would leave the connection to the next one
  })
}

function doubt(request: IncomingMessage): ApiError | null {
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

/** Node itself keeps the first and forgets the others. */
function hostsIn(rawHeaders: readonly string[]): number {
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1
  }
  return hosts
}
