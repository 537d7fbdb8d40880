import jwt from '@fastify/jwt'
import { type SentMessage, timestamp } from '@rendezvous/contract'
import fastify from 'fastify'
import pg from 'pg'
import { type WebSocket, WebSocketServer } from 'ws'
import { cpuMicros, usage } from '../usage.ts'
import { SECRET } from './access.ts'
import type { DatabaseSettings, SendServer } from './api.ts'

interface Row {
  readonly id: string
  readonly created_at: Date
}

const CHECK = {
  name: 'check',
  text: 'SELECT 1 FROM naive_membership WHERE conversation_id = $1 AND user_id = $2'
}
const ROOMS = { name: 'rooms', text: 'SELECT conversation_id FROM naive_membership WHERE user_id = $1' }
const COUNT = {
  name: 'count',
  text: 'UPDATE naive_conversation SET last_seq = last_seq + 1 WHERE id = $1 RETURNING last_seq'
}
const STORE = {
  name: 'store',
  text: `INSERT INTO naive_message (conversation_id, seq, sender_id, client_id, content) VALUES ($1, $2, $3, $4, $5)
    RETURNING id, created_at`
}

/**
 * A typical first version of a chat server. Each send is a transaction: it checks membership, takes the next number of
 * the conversation and inserts. It has a pool of ten connections, prepared statements, and small tables of its own. Its
 * tokens and its JSON are the same as ours. After the commit it writes the message to each socket of the conversation,
 * which it keeps in a Set, and then answers. It checks no session, block or repetition, and trusts `?user=` of a
 * socket. A message that is not delivered is lost.
 */
export async function openNaive({ databaseUrl }: DatabaseSettings): Promise<SendServer> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 })
  const app = fastify()
  await app.register(jwt, { secret: SECRET })
  const rooms = new Map<number, Set<WebSocket>>()

  app.post<{ Params: { id: string }; Body: { content: string; client_id: string } }>(
    '/api/v1/conversations/:id/messages/',
    async (request, reply) => {
      const { user_id: userId } = await request.jwtVerify<{ user_id: number }>()
      const message = await send(pool, Number(request.params.id), userId, request.body.content, request.body.client_id)
      if (message === null) return reply.code(404).send()
      tell(rooms.get(message.conversation), message)
      return reply.code(201).send(message)
    }
  )

  const sockets = new WebSocketServer({ server: app.server, perMessageDeflate: false, clientTracking: false })
  sockets.on('connection', async (socket, request) => {
    const userId = Number(new URLSearchParams(request.url?.split('?', 2)[1]).get('user'))
    const joined = await pool.query<{ conversation_id: string }>({ ...ROOMS, values: [userId] })
    for (const { conversation_id: id } of joined.rows) {
      const members = rooms.get(Number(id)) ?? new Set()
      rooms.set(Number(id), members.add(socket))
      socket.on('close', () => members.delete(socket))
    }
    socket.send(JSON.stringify({ type: 'ready' }))
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return { port: (): number => Number(new URL(url).port), usage, cpuMicros }
}

function tell(members: ReadonlySet<WebSocket> | undefined, message: object): void {
  if (members === undefined) return
  const frame = Buffer.from(JSON.stringify({ type: 'message_created', ...message }))
  for (const socket of members) socket.send(frame, { binary: false })
}

async function send(pool: pg.Pool, conversation: number, sender: number, content: string, clientId: string) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const member = await client.query({ ...CHECK, values: [conversation, sender] })
    const counted = await client.query<{ last_seq: number }>({ ...COUNT, values: [conversation] })
    const seq = counted.rows[0]?.last_seq
    const stored = await client.query<Row>({ ...STORE, values: [conversation, seq, sender, clientId, content] })
    const row = stored.rows[0]
    const isMember = member.rowCount === 1 && seq !== undefined && row !== undefined
    await client.query(isMember ? 'COMMIT' : 'ROLLBACK')
    return isMember ? view({ conversation, sender, content, clientId, seq, ...row }) : null
  } finally {
    client.release()
  }
}

interface Stored extends Row {
  readonly conversation: number
  readonly sender: number
  readonly content: string
  readonly clientId: string
  readonly seq: number
}

function view({ id, conversation, sender, content, clientId, seq, created_at }: Stored) {
  return {
    id: Number(id),
    conversation,
    sender,
    receiver: null,
    from: sender,
    to: null,
    content,
    message_type: 'text',
    status: 'sent',
    is_read: false,
    is_read_by_recipient: false,
    attachment: null,
    created_at: timestamp(created_at),
    client_id: clientId,
    seq,
    changed_seq: seq,
    edited_at: null,
    reply_to: null,
    reply_to_deleted: false,
    mentions: [],
    reactions: [],
    pinned_at: null,
    system: null,
    duplicate: false,
    deleted: false,
    dropped_mentions: []
  } satisfies Record<keyof SentMessage, unknown>
}
