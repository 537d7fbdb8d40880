import { type Statement, type Transaction, wordsOf } from '@rendezvous/api'
import type { ConversationId, Seq, UserId } from '@rendezvous/contract'
import { lockConversations } from './conversations.ts'

/** Stores as `message_append` does, but with the times of the source and without an outbox row (ADR 14). */
const APPEND: Statement = {
  name: 'import_messages_append',
  text: `WITH input AS MATERIALIZED (
      SELECT * FROM unnest($1::bigint[], $2::int[], $3::uuid[], $4::text[], $5::timestamptz[], $6::text[])
        WITH ORDINALITY AS r(conv, sender, client, content, at, words, ord)),
    fresh AS MATERIALIZED (
      SELECT i.*, row_number() OVER (PARTITION BY i.conv ORDER BY i.ord)::int AS n FROM input i
      LEFT JOIN LATERAL (SELECT x.seq FROM message x
        WHERE x.conversation_id = i.conv AND x.sender_id = i.sender AND x.client_id = i.client LIMIT 1) m ON true WHERE m.seq IS NULL),
    moment AS MATERIALIZED (SELECT clock_timestamp() AS at),   -- one time for all: sync then sorts by id
    bumped AS (
      UPDATE conversation c SET last_seq = c.last_seq + f.n, message_count = c.message_count + f.n, changed_at = moment.at,
        active_at = greatest(c.active_at, f.latest)
      FROM (SELECT conv, max(n) AS n, max(at) AS latest FROM fresh GROUP BY conv) f, moment WHERE c.id = f.conv
      RETURNING c.id, c.last_seq - f.n AS base, c.message_count - f.n AS counted)
    INSERT INTO message (conversation_id, seq, changed_seq, number, id, sender_id, client_id, kind, content, created_at, words)
    SELECT f.conv, b.base + f.n, b.base + f.n, b.counted + f.n, new_id(), f.sender, f.client, 1, f.content, f.at, f.words::tsvector
    FROM fresh f JOIN bumped b ON b.id = f.conv ORDER BY f.ord
    RETURNING client_id AS "clientId"`
}
/** Until the end of the transaction, the database does not set `active_at` itself. */
const GIVE_ACTIVITY: Statement = {
  name: 'import_give_activity',
  text: "SELECT set_config('rendezvous.active_at', 'given', true)"
}
const FIND: Statement = {
  name: 'import_messages_find',
  text: `SELECT r.client AS "clientId", m.seq FROM unnest($1::bigint[], $2::int[], $3::uuid[]) AS r(conv, sender, client)
    JOIN LATERAL (SELECT x.seq FROM message x WHERE x.conversation_id = r.conv AND x.sender_id = r.sender AND x.client_id = r.client LIMIT 1) m ON true`
}
/** Locks in the order in which receipts lock. */
const LOCK_MARKS: Statement = {
  name: 'import_marks_lock',
  text: `SELECT m.user_id FROM (SELECT DISTINCT r.conv FROM unnest($1::bigint[]) AS r(conv) ORDER BY r.conv) o
    CROSS JOIN LATERAL (SELECT x.user_id FROM membership x WHERE x.conversation_id = o.conv ORDER BY x.user_id FOR NO KEY UPDATE) m`
}
/** Watermarks only rise, and reading includes delivery. `*_below` applies to the person `*_not` alone. */
const RAISE: Statement = {
  name: 'import_marks_raise',
  text: `UPDATE membership m SET read_seq = t.read, delivered_seq = greatest(t.read, t.delivered), changed_at = clock_timestamp()
    FROM (SELECT s.conversation_id, s.user_id,
        max(greatest(s.read_seq, CASE WHEN s.user_id = r.read_not THEN r.read_below ELSE r.read END)) AS read,
        max(greatest(s.delivered_seq, CASE WHEN s.user_id = r.delivered_not THEN r.delivered_below ELSE r.delivered END)) AS delivered
      FROM unnest($1::bigint[], $2::int[], $3::int[], $4::int[], $5::int[], $6::int[], $7::int[], $8::int[])
        AS r(conv, usr, read, read_not, read_below, delivered, delivered_not, delivered_below)
      JOIN LATERAL (SELECT * FROM membership x WHERE x.conversation_id = r.conv AND (r.usr IS NULL OR x.user_id = r.usr)) s ON true
      GROUP BY s.conversation_id, s.user_id) t
    WHERE m.conversation_id = t.conversation_id AND m.user_id = t.user_id AND (t.read > m.read_seq OR greatest(t.read, t.delivered) > m.delivered_seq)
    RETURNING m.user_id`
}

/** What identifies a stored message. */
export interface Identity {
  readonly conversationId: ConversationId
  readonly senderId: UserId
  readonly clientId: string
}

/** A message to store. */
export interface NewMessage extends Identity {
  readonly content: string
  readonly createdAt: Date
}

/** How far a conversation is read or delivered: up to `to` by everybody, except that `notBy` is at `below`. There is no
 *  exception when `notBy` is null. */
export interface Reach {
  readonly to: Seq
  readonly notBy: UserId | null
  readonly below: Seq
}

/** The watermarks of all members of a conversation, or of the member `only`. */
export interface Mark {
  readonly conversationId: ConversationId
  readonly only: UserId | null
  readonly read: Reach | null
  readonly delivered: Reach | null
}

/** The seq of a message, and whether this call stored it. */
export interface Placed {
  readonly seq: Seq
  readonly isNew: boolean
}

/**
 * Appends messages to their conversations in the given order, except those that are stored already (same conversation,
 * sender and `clientId`). Answers the seq of each. Locks the conversations first.
 */
export async function appendMessages(on: Transaction, messages: readonly NewMessage[]): Promise<Placed[]> {
  await lockConversations(
    on,
    messages.map(({ conversationId }) => conversationId)
  )
  await on.query(GIVE_ACTIVITY)
  const stored = await on.query<{ clientId: string }>(APPEND, [
    ...identities(messages),
    messages.map(({ content }) => content),
    messages.map(({ createdAt }) => createdAt.toISOString()),
    messages.map(({ content }) => wordsOf(content))
  ])
  const isNew = new Set(stored.map(({ clientId }) => clientId))
  const seqs = await storedSeqs(on, messages)
  return messages.map(({ clientId }) => {
    const seq = seqs.get(clientId)
    if (seq === undefined) throw new Error('a stored message was not found')
    return { seq, isNew: isNew.has(clientId) }
  })
}

/** The seq of each of `messages` that is stored, by `clientId`. */
export async function storedSeqs(on: Transaction, messages: readonly Identity[]): Promise<Map<string, Seq>> {
  const rows = await on.query<{ clientId: string; seq: Seq }>(FIND, identities(messages))
  return new Map(rows.map(({ clientId, seq }) => [clientId, seq]))
}

function identities(messages: readonly Identity[]) {
  return [
    messages.map(({ conversationId }) => conversationId),
    messages.map(({ senderId }) => senderId),
    messages.map(({ clientId }) => clientId)
  ]
}

/** Raises the watermarks of members to `marks`. Answers the number of watermarks that moved. */
export async function raiseMarks(on: Transaction, marks: readonly Mark[]): Promise<number> {
  if (marks.length === 0) return 0
  const conversations = marks.map(({ conversationId }) => conversationId)
  await on.query(LOCK_MARKS, [conversations])
  const moved = await on.query(RAISE, [
    conversations,
    marks.map(({ only }) => only),
    ...columns(marks.map(({ read }) => read)),
    ...columns(marks.map(({ delivered }) => delivered))
  ])
  return moved.length
}

function columns(reaches: readonly (Reach | null)[]) {
  return [
    reaches.map(reach => reach?.to ?? 0),
    reaches.map(reach => reach?.notBy ?? null),
    reaches.map(reach => reach?.below ?? 0)
  ]
}
