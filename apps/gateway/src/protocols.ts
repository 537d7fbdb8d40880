import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'

/** Listens to `upgrade` of a server. */
export type Listener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/**
 * The listener for `upgrade` that hands WebSocket handshakes on to `listeners`. A request that asks for any other protocol is served as if
 * it had not asked, as RFC 9110, 7.8, has it: Java's and curl's clients ask for h2c on every first request, also with a body, which would wait
 * for ever, since Node takes its parser away from a connection as soon as anything is asked for.
 */
export function webSocketsOnly(server: Server, listeners: readonly Listener[]): Listener {
  return (request, socket, head) => {
    if (isHandshake(request)) for (const listener of listeners) listener.call(server, request, socket, head)
    else serveAnyway(server, request, socket, head)
  }
}

function isHandshake({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket'
}

/** Puts the request back into its connection, without the wish, and has it read anew. It keeps the number of its headers: if there were too
 *  many, Node left some out, and one of them may have said where the request ends. */
function serveAnyway(
  server: Server,
  { method, url, httpVersion, rawHeaders }: IncomingMessage,
  socket: Duplex,
  head: Buffer
) {
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2)
    lines.push(`${name}: ${name.toLowerCase() === 'connection' ? withoutUpgrade(value) : value}`)
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]))
  server.emit('connection', socket)
}

function withoutUpgrade(value: string): string {
  const options = value.split(',').map(option => option.trim())
  return options.filter(option => option.toLowerCase() !== 'upgrade').join(', ')
}
