import jwt from '@fastify/jwt'
import { type SentMessage, timestamp } from '@rendezvous/contract'
import fastify from 'fastify'
import pg from 'pg'
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
 * What a first version looks like: each send checks membership, takes the conversation's next number and inserts, in a transaction of its
 * own on a pool of ten, on tables of its own with no more than they need. Its statements are prepared, its tokens are the same and so is
 * its JSON. It looks at no session, block or repetition and tells nobody.
 */
export async function openNaive({ databaseUrl }: DatabaseSettings): Promise<SendServer> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 })
  const app = fastify()
  await app.register(jwt, { secret: SECRET })

  app.post<{ Params: { id: string }; Body: { content: string; client_id: string } }>(
    '/api/v1/conversations/:id/messages/',
    async (request, reply) => {
      const { user_id: userId } = await request.jwtVerify<{ user_id: number }>()
      const message = await send(pool, Number(request.params.id), userId, request.body.content, request.body.client_id)
      return message === null ? reply.code(404).send() : reply.code(201).send(message)
    }
  )
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return { port: (): number => Number(new URL(url).port), usage, cpuMicros }
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
    created_at: timestamp(created_at),
    client_id: clientId,
    seq,
    changed_seq: seq,
    edited_at: null,
    reply_to: null,
    mentions: [],
    reactions: [],
    pinned_at: null,
    system: null,
    duplicate: false
  } satisfies Record<keyof SentMessage, unknown>
}
