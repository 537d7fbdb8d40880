import { type IncomingHttpHeaders, type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** Listens to `upgrade` of a server. */
export type Listener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/** Whether a request asks for a WebSocket at one of `paths`. In HTTP/1.0 nothing can be asked for (RFC 9110, 7.8). */
export function isHandshake({ method, url, httpVersion, headers }: IncomingMessage, paths: readonly string[]): boolean {
  const [path = ''] = (url ?? '').split('?', 1)
  return method === 'GET' && httpVersion !== '1.0' && wantsWebSocket(headers) && paths.includes(path)
}

/**
 * The listener for `upgrade` that hands handshakes for `paths` on to `listeners`. A request that asks for any other protocol, or for a
 * WebSocket anywhere else, is served as if it had not asked, as RFC 9110, 7.8, has it: Java's and curl's clients ask for h2c on every first
 * request, also with a body, which would wait for ever, since Node takes its parser away from a connection as soon as anything is asked for.
 * Who asked for a WebSocket has no use for the connection after that, so it is closed; and so is at once the connection of who asks before
 * an earlier request is answered.
 */
export function webSocketsOnly(server: Server, paths: readonly string[], listeners: readonly Listener[]): Listener {
  return (request, socket, head) => {
    if (isAnswering(request, socket)) socket.destroy()
    else if (isHandshake(request, paths)) for (const listener of listeners) listener.call(server, request, socket, head)
    else serveAnyway(server, request, socket, head)
  }
}

function wantsWebSocket({ upgrade }: IncomingHttpHeaders): boolean {
  return upgrade?.toLowerCase() === 'websocket'
}

/** Whether an earlier request of the connection has no whole answer yet. Node queues an answer behind it only for what its own parser reads,
 *  so a second one would never be written. */
function isAnswering(request: IncomingMessage, socket: Duplex): boolean {
  const response = new ServerResponse(request)
  try {
    response.assignSocket(socket as Socket) // what is injected is none, and does as well
  } catch {
    return true // as Node says it
  }
  response.detachSocket(socket as Socket)
  return false
}

/** Puts the request back into its connection, without the wish, and has it read anew. It keeps the number of its headers: if there were too
 *  many, Node left some out, and one of them may have said where the request ends. */
function serveAnyway(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer) {
  const { method, url, httpVersion, rawHeaders } = request
  const connection = wantsWebSocket(request.headers) ? () => 'close' : withoutUpgrade
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2)
    lines.push(`${name}: ${name.toLowerCase() === 'connection' ? connection(value) : value}`)
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]))
  server.emit('connection', socket)
}

function withoutUpgrade(value: string): string {
  const options = value.split(',').map(option => option.trim())
  return options.filter(option => option.toLowerCase() !== 'upgrade').join(', ')
}
