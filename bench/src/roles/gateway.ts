import { randomUUID } from 'node:crypto'
import { buildServer } from '@rendezvous/api'
import {
  encode,
  memoryBus,
  memoryLimits,
  memoryPresence,
  memoryTickets,
  memoryWire,
  roomTopic
} from '@rendezvous/cluster'
import { type Backend, type ConversationId, conversationStream, type Seq, type UserId } from '@rendezvous/contract'
import { defaultSettings, gatewayPlugin, systemTimers } from '@rendezvous/gateway'
import { type EventLoad, makeEvents, type Published, publishAtRate } from '../events.ts'
import { messageText, type Rooms, roomOf } from '../room.ts'
import { cpuMicros, usage } from '../usage.ts'
import { benchTokens } from './access.ts'
import type { SocketServer } from './server.ts'

const LEASE_MS = 10_000
const MEMBERS_SEQ = 1 as Seq

/** The gateway as it ships, on a memory bus. Its api answers at once. Events arrive as the bytes that a bus
 *  delivers. */
export async function openGateway(settings: Rooms): Promise<SocketServer> {
  const wire = memoryWire({ clock: Date.now })
  const server = buildServer()
  /** The last seq of each room's stream. */
  const heads = new Map<number, number>()

  await server.register(gatewayPlugin, {
    backend: answering(settings),
    openBus: listener => memoryBus(wire, listener),
    presence: memoryPresence(wire, { gatewayId: randomUUID(), leaseMs: LEASE_MS }),
    tickets: memoryTickets(wire),
    limits: memoryLimits(wire),
    tokens: await benchTokens(server),
    settings: defaultSettings,
    timers: systemTimers,
    random: Math.random
  })
  const url = await server.listen({ host: '127.0.0.1', port: 0 })

  return {
    port: (): number => Number(new URL(url).port),
    usage,
    cpuMicros,
    publish(load: EventLoad): Promise<Published> {
      const events = makeEvents(load, room => {
        const seq = (heads.get(room) ?? MEMBERS_SEQ) + 1
        heads.set(room, seq)
        const topic = roomTopic(room as ConversationId)
        const bytes = envelope(room, seq)
        return () => wire.faults.inject(topic, bytes)
      })
      return publishAtRate(events, load)
    }
  }
}

function envelope(room: number, seq: number): Buffer {
  const conversation = room as ConversationId
  return encode({
    header: {
      kind: 'events',
      stream: conversationStream(conversation),
      from: seq as Seq,
      to: seq as Seq,
      senders: [1 as UserId],
      conversation,
      members_seq: MEMBERS_SEQ
    },
    frames: [messageText(room, seq)]
  })
}

/** An api that knows everybody's room and accepts everything. */
function answering(settings: Rooms): Backend {
  const roomFor = (userId: UserId) => ({
    conversationId: roomOf(userId, settings) as ConversationId,
    membersSeq: MEMBERS_SEQ,
    headSeq: MEMBERS_SEQ
  })
  return {
    alive: async claims => claims.map(() => true),
    roster: async claims =>
      claims.map(({ userId }) => ({ alive: true, rooms: [roomFor(userId)], contacts: [], head: 0 })),
    rooms: async questions =>
      questions.map(({ userIds }) => ({ membersSeq: MEMBERS_SEQ, headSeq: MEMBERS_SEQ, memberIds: [...userIds] })),
    missed: async questions => questions.map(() => []),
    async execute(commands, answer) {
      for (const index of commands.keys()) answer(index, { ok: true, result: {} })
    },
    delivered: async () => {},
    deliverWaiting: async () => {},
    presenceChanged: async () => {},
    seen: async () => {}
  }
}
