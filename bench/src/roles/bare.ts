import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { eventsOf, type Fed, feed, type Offer } from '../feed.ts'
import { messageText, type Rooms, roomOf } from '../room.ts'
import { cpuMicros, usage } from '../usage.ts'
import type { SocketServer } from './server.ts'

/**
 * The least that a `ws` server can be: `?user=` is believed, each room is a Set of sockets, an event is one prebuilt Buffer for which `send`
 * is called on each. (A Buffer, as it is cheaper than a string.) No heartbeat, no bounds, no order, no presence.
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
    offer(offer: Offer): Promise<Fed> {
      const events = eventsOf(offer, room => {
        seq += 1
        const bytes = Buffer.from(messageText(room, seq))
        return () => {
          for (const socket of rooms.get(room) ?? []) socket.send(bytes, { binary: false })
        }
      })
      return feed(events, offer)
    }
  }
}
