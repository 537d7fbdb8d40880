import { randomUUID } from 'node:crypto'
import {
  type Envelope,
  type EventsHeader,
  type MemoryWire,
  memoryBus,
  memoryLimits,
  memoryPresence,
  memoryTickets,
  memoryWire,
  type Presence,
  roomTopic,
  type Tickets,
  type Topic,
  userTopic
} from '@rendezvous/cluster'
import {
  type Claims,
  type ConversationId,
  conversationStream,
  inProcess,
  type RoomHead,
  type Seq,
  type UserId
} from '@rendezvous/contract'
import fastify, { type FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import type { ClientOptions } from 'ws'
import { defaultSettings, type GatewaySettings, gatewayPlugin } from '../src/index.ts'
import { type Client, openClient } from './client.ts'
import { type FakeBackend, fakeBackend } from './fake-backend.ts'
import { type ManualTimers, manualTimers } from './manual-timers.ts'

export const alice = 1 as UserId
export const bob = 2 as UserId
export const carol = 3 as UserId
export const talk = 70 as ConversationId
/** A group. */
export const club = 900 as ConversationId
export const toAlice = userTopic(alice)
export const toBob = userTopic(bob)
export const toCarol = userTopic(carol)
export const toClub = roomTopic(club)

/** What nodes share, and their clock. Two gateways on one cluster are two nodes. */
export interface Cluster {
  readonly wire: MemoryWire
  readonly timers: ManualTimers
  readonly tickets: Tickets
}

export interface Gateway extends Cluster {
  readonly app: FastifyInstance
  readonly name: string
  readonly backend: FakeBackend
  readonly url: string
  /** Opens a socket of `userId` in our dialect, or in the legacy one. */
  connect(userId: UserId, options?: ConnectOptions): Promise<Client>
  /** Opens a socket, and takes its frames up to `ready`. */
  connectReady(userId: UserId, options?: ConnectOptions): Promise<Client>
}

interface ConnectOptions extends ClientOptions {
  readonly legacy?: boolean
  readonly claims?: Partial<Claims>
}

export function openCluster(): Cluster {
  const timers = manualTimers()
  const wire = memoryWire({ clock: timers.now, elapsed: timers.elapsed })
  return { wire, timers, tickets: memoryTickets(wire) }
}

/** A gateway on loopback, with a memory cluster and a fake api. Closes when `t` ends. */
export async function openGateway(
  t: Test,
  options: { cluster?: Cluster; settings?: Partial<GatewaySettings>; app?: FastifyInstance; presence?: Presence } = {}
): Promise<Gateway> {
  const cluster = options.cluster ?? openCluster()
  const { wire, timers, tickets } = cluster
  const backend = fakeBackend()
  const name = randomUUID()
  const app = options.app ?? fastify()
  await app.register(gatewayPlugin, {
    backend: inProcess(backend),
    openBus: listener => memoryBus(wire, listener, { node: name }),
    presence: options.presence ?? memoryPresence(wire, { gatewayId: name, leaseMs: 10_000 }),
    tickets,
    limits: memoryLimits(wire),
    tokens: { verifyAccessOnce: readToken },
    settings: { ...defaultSettings, batchDelayMs: 0, drainMs: 0, ...options.settings },
    timers,
    random: () => 0.5
  })
  const url = (await app.listen({ port: 0, host: '127.0.0.1' })).replace('http', 'ws')
  t.teardown(() => app.close())

  const connect: Gateway['connect'] = (userId, { legacy = false, claims = {}, ...clientOptions } = {}) => {
    const token = tokenOf({ ...claimsOf(userId, timers.now() + 3_600_000), ...claims })
    return openClient(t, `${url}/ws/chat?token=${token}`, legacy ? [] : ['rendezvous.v1'], clientOptions)
  }
  const connectReady: Gateway['connectReady'] = async (userId, connectOptions) => {
    const client = await connect(userId, connectOptions)
    await client.untilReady()
    return client
  }
  return { ...cluster, app, name, backend, url, connect, connectReady }
}

/** A room of a roster. By default its last event is the change of members `membersSeq`. */
export function headOf(conversationId: ConversationId, membersSeq: number, headSeq = membersSeq): RoomHead {
  return { conversationId, membersSeq: membersSeq as Seq, headSeq: headSeq as Seq }
}

export function claimsOf(userId: UserId, expiresAt: number): Claims {
  return { userId, sessionId: `session-of-${userId}`, tokenId: randomUUID(), expiresAt }
}

/** The token for `claims`. `readToken` treats anything that is not JSON as invalid. */
export function tokenOf(claims: Claims): string {
  return Buffer.from(JSON.stringify(claims)).toString('base64url')
}

function readToken(token: string) {
  try {
    return { ok: true, claims: JSON.parse(Buffer.from(token, 'base64url').toString()) as Claims } as const
  } catch {
    return { ok: false, reason: token === 'old' ? 'expired' : 'invalid' } as const
  }
}

/** Publishes as an api node does, from a node of its own. */
export function publisher(t: Test, { wire }: Cluster, name: string = randomUUID()) {
  const bus = memoryBus(wire, { onMessage: () => undefined, onInterruption: () => undefined }, { node: name })
  t.teardown(() => bus.close())
  const publish = (topics: readonly Topic[], envelope: Envelope) => bus.publish([{ topics, envelope }])

  return {
    name,
    publish,
    /** Messages `from` to `to` of the conversation, sent by `sender`. */
    messages: (topics: readonly Topic[], from: number, to = from, sender: UserId = bob) =>
      publish(topics, messages(from, to, sender)),
    /** A message to the club, whose publisher knew the change of members `membersSeq`. */
    said: (seq: number, { membersSeq }: { readonly membersSeq: number }) =>
      publish([toClub], {
        header: { ...messages(seq, seq, bob, club).header, members_seq: membersSeq },
        frames: [JSON.stringify({ type: 'message_created', seq, from: bob })]
      }),
    /** Users join or leave the club: published on its topic and on theirs. */
    membersChanged: (
      type: 'member_joined' | 'member_left' | 'conversation_created',
      seq: number,
      userIds: UserId[],
      topics: readonly Topic[] = [toClub, ...userIds.map(userTopic)]
    ) =>
      publish(topics, {
        header: {
          ...messages(seq, seq, bob, club).header,
          senders: [0],
          members_seq: seq,
          [type === 'member_left' ? 'left' : 'joined']: userIds
        },
        frames: [JSON.stringify({ type, seq, user_ids: userIds })]
      }),
    /** Bob types in the club. */
    typed: ({ membersSeq }: { readonly membersSeq: number }) =>
      publish([toClub], {
        header: { kind: 'courtesy', conversation: club, members_seq: membersSeq },
        frames: [JSON.stringify({ type: 'typing', user_id: bob })]
      }),
    /** A courtesy with `text`, which must not overtake the event `after`. */
    tell: (topics: readonly Topic[], text: string, after?: number) =>
      publish(topics, {
        header:
          after === undefined
            ? { kind: 'courtesy' }
            : { kind: 'courtesy', after: { stream: conversationStream(talk), seq: after } },
        frames: [JSON.stringify({ type: 'told', text })]
      })
  }
}

function messages(
  from: number,
  to: number,
  sender: UserId,
  conversation = talk
): { header: EventsHeader; frames: string[] } {
  const seqs = Array.from({ length: to - from + 1 }, (_, index) => from + index)
  const header: EventsHeader = {
    kind: 'events',
    stream: conversationStream(conversation),
    from: from as EventsHeader['from'],
    to: to as EventsHeader['to'],
    senders: seqs.map(() => sender),
    conversation
  }
  return { header, frames: seqs.map(seq => JSON.stringify({ type: 'message_created', seq, from: sender })) }
}

/** The `seq` of the next `count` messages. */
export async function nextSeqs(client: Client, count: number): Promise<unknown[]> {
  const seqs: unknown[] = []
  while (seqs.length < count) seqs.push((await client.nextOf('message_created')).seq)
  return seqs
}
