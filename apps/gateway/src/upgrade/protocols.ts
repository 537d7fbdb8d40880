import { type IncomingHttpHeaders, type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** A listener for the `upgrade` event of a server. */
export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/** Whether a request asks for a WebSocket at one of `paths`. HTTP/1.0 has no upgrades (RFC 9110, 7.8). */
export function isHandshake({ method, url, httpVersion, headers }: IncomingMessage, paths: readonly string[]): boolean {
  const [path = ''] = (url ?? '').split('?', 1)
  return method === 'GET' && httpVersion !== '1.0' && wantsWebSocket(headers) && paths.includes(path)
}

/**
 * A listener for `upgrade` that passes WebSocket handshakes for `paths` to `listeners`. It serves any other request as
 * if it had not asked for an upgrade (RFC 9110, 7.8).
 *
 * - Java's client and curl ask for h2c on every first request, also with a body. Such a request would hang, since Node
 *   removes its parser from a connection when an upgrade is asked for.
 * - After a request for a WebSocket elsewhere the connection is closed: its client has no other use for it.
 * - A connection on which an earlier request is not answered yet is closed at once.
 */
export function webSocketsOnly(
  server: Server,
  paths: readonly string[],
  listeners: readonly UpgradeListener[]
): UpgradeListener {
  return (request, socket, head) => {
    if (isAnswering(request, socket)) socket.destroy()
    else if (isHandshake(request, paths)) for (const listener of listeners) listener.call(server, request, socket, head)
    else serveAnyway(server, request, socket, head)
  }
}

function wantsWebSocket({ upgrade }: IncomingHttpHeaders): boolean {
  return upgrade?.toLowerCase() === 'websocket'
}

/** Whether an earlier request of the connection has no complete answer yet. Node queues later answers only for requests
 *  that its own parser reads, so an answer to this one would never be written. */
function isAnswering(request: IncomingMessage, socket: Duplex): boolean {
  const response = new ServerResponse(request)
  try {
    response.assignSocket(socket as Socket) // an injected request has no Socket, and works too
  } catch {
    return true // Node throws when another response holds the socket
  }
  response.detachSocket(socket as Socket)
  return false
}

/** Puts the request back into its connection without the upgrade, so that Node reads it again. The number of headers
 *  stays the same: above its limit Node drops headers, and a dropped one may have said where the request ends. */
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
