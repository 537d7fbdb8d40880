import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { type EventLoad, makeEvents, type Published, publishAtRate } from '../events.ts'
import { messageText, type Rooms, roomOf } from '../room.ts'
import { cpuMicros, usage } from '../usage.ts'
import type { SocketServer } from './server.ts'

/**
 * A minimal `ws` server. It trusts `?user=`, and each room is a Set of sockets. It makes one Buffer for each event,
 * which is cheaper than a string, and calls `send` on each socket. No heartbeat, no bounds, no order, no presence.
 */
export async function openBare(settings: Rooms): Promise<SocketServer> {
  const rooms = new Map<number, Set<WebSocket>>()
  const http = createServer()
  const server = new WebSocketServer({ server: http, perMessageDeflate: false, clientTracking: false })
  let seq = 1

  server.on('connection', (socket, request) => {
    const room = roomOf(Number(new URLSearchParams(request.url?.split('?', 2)[1]).get('user')), settings)
    const members = rooms.get(room) ?? new Set()
    rooms.set(room, members.add(socket))
    socket.on('message', () => {})
    socket.on('close', () => members.delete(socket))
    socket.send(JSON.stringify({ type: 'ready' }))
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')

  return {
    port: (): number => (http.address() as AddressInfo).port,
    usage,
    cpuMicros,
    publish(load: EventLoad): Promise<Published> {
      const events = makeEvents(load, room => {
        seq += 1
        const bytes = Buffer.from(messageText(room, seq))
        return () => {
          for (const socket of rooms.get(room) ?? []) socket.send(bytes, { binary: false })
        }
      })
      return publishAtRate(events, load)
    }
  }
}
