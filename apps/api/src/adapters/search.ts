import type { ConversationId, MessageId, UserId } from '@rendezvous/contract'
import type { Database, Statement } from '../database/port.ts'
import type { Message } from '../ports/messages.ts'
import type { Found, MessageSearch, Search } from '../ports/search.ts'
import {
  isMessage,
  type MessageRow,
  messageColumns,
  OTHER_MEMBERSHIP,
  toMessage,
  VISIBLE,
  WATERMARKS
} from './messageview.ts'

/** With more matches than this, the newest messages are looked through instead of sorting them all. */
const MATCHES = 2_000
/** Conversations, and messages of each, that are looked through for one page of a common word. */
const WALKED_CONVERSATIONS = 20
const WALKED_MESSAGES = 500
const LAST_ID = Number.MAX_SAFE_INTEGER
/** Ids begin with milliseconds since 2024, shifted by so many bits (new_id()); clocks of one database agree within this. */
const ID_EPOCH_MS = Date.UTC(2024, 0, 1)
const ID_SHIFT = 4_096
const CLOCK_MS = 10_000

const QUERY = "websearch_to_tsquery('simple', $2)"
const MATCH = `x.kind = 1 AND x.deleted_at IS NULL AND to_tsvector('simple', x.content) @@ ${QUERY}`
/** The reader's ($1) conversations, or the one of $3 among them, save those across a block. */
const MINE = `SELECT s.conversation_id AS id FROM membership s JOIN LATERAL (SELECT * FROM conversation y WHERE y.id = s.conversation_id LIMIT 1) c ON true
    WHERE s.user_id = $1 AND s.left_seq IS NULL AND ($3::bigint IS NULL OR s.conversation_id = $3)
      AND NOT (c.kind = 1 AND across_block(c.user_low, c.user_high))`
const MESSAGES = `SELECT ${messageColumns('s.user_id')}
    FROM hit
    JOIN LATERAL (SELECT * FROM membership x WHERE x.conversation_id = hit.conversation_id AND x.user_id = $1 LIMIT 1) s ON true
    JOIN LATERAL (SELECT * FROM conversation x WHERE x.id = hit.conversation_id LIMIT 1) c ON true
    JOIN LATERAL (SELECT * FROM message x WHERE x.conversation_id = hit.conversation_id AND x.id = hit.id AND ${VISIBLE} LIMIT 1) m ON true
    ${OTHER_MEMBERSHIP}
    ${WATERMARKS}
    ORDER BY m.id DESC`

/** How many match, counted to MATCHES + 1; then no sort of all is worth it. */
const COUNT: Statement = {
  name: 'search_count',
  text: `SELECT count(*)::int AS n FROM (SELECT 1 FROM message x WHERE x.conversation_id = ANY (ARRAY(${MINE})) AND ${MATCH}
    LIMIT ${MATCHES + 1}) hits`
}
const SORT: Statement = {
  name: 'search_sort',
  text: `WITH hit AS MATERIALIZED (SELECT x.conversation_id, x.id FROM message x
      JOIN LATERAL (SELECT * FROM membership y WHERE y.conversation_id = x.conversation_id AND y.user_id = $1 LIMIT 1) s ON true
      WHERE x.conversation_id = ANY (ARRAY(${MINE})) AND ${MATCH} AND x.id < $4 AND ${VISIBLE} ORDER BY x.id DESC LIMIT $5)
    ${MESSAGES}`
}
/** The conversations to look through, the last changed first; one more than that tells where certainty ends. */
const RECENT: Statement = {
  name: 'search_recent',
  text: `SELECT c.id, c.changed_at AS "changedAt" FROM (${MINE}) mine JOIN LATERAL (SELECT * FROM conversation y WHERE y.id = mine.id LIMIT 1) c ON true
    WHERE $2::text IS NOT NULL ORDER BY c.changed_at DESC, c.id DESC OFFSET $4 LIMIT ${WALKED_CONVERSATIONS + 1}`
}
/** Of each conversation of $3 the newest messages below $4: those that match, and the lowest id that was looked at if it was cut there. */
const WALK: Statement = {
  name: 'search_walk',
  text: `SELECT o.id AS "conversationId", w.cut, w.ids FROM unnest($3::bigint[]) AS o(id)
    JOIN LATERAL (SELECT * FROM membership y WHERE y.conversation_id = o.id AND y.user_id = $1 LIMIT 1) s ON true
    JOIN LATERAL (SELECT CASE WHEN count(*) = ${WALKED_MESSAGES} THEN min(x.id) END AS cut, array_agg(x.id) FILTER (WHERE ${MATCH} AND ${VISIBLE}) AS ids
      FROM (SELECT * FROM message z WHERE z.conversation_id = o.id AND z.id < $4 ORDER BY z.id DESC LIMIT ${WALKED_MESSAGES}) x) w ON true`
}
const READ: Statement = {
  name: 'search_read',
  text: `WITH hit AS MATERIALIZED (SELECT * FROM unnest($2::bigint[], $3::bigint[]) AS h(conversation_id, id)) ${MESSAGES}`
}

interface WalkRow {
  readonly conversationId: ConversationId
  readonly cut: MessageId | null
  readonly ids: MessageId[] | null
}

/** Search in a database. */
export function searchIn(database: Database): MessageSearch {
  /** All matches fit: sorted as they are. */
  async function sorted({ readerId, text, conversationId, before, limit }: Search): Promise<Found> {
    const parameters = [readerId, text, conversationId ?? null, before ?? LAST_ID, limit + 1]
    const found = toMessages(await database.query<MessageRow>(SORT, parameters))
    const messages = found.slice(0, limit)
    return { messages, next: found.length > limit ? (messages.at(-1)?.id ?? null) : null }
  }

  /** Too many match: the newest messages are looked through, and what is answered ends where something newer could have been missed. */
  async function walked({
    readerId,
    text,
    conversationId,
    before = LAST_ID as MessageId,
    limit
  }: Search): Promise<Found> {
    const recent = await recentOf(readerId, text, conversationId, before)
    const rows = await database.query<WalkRow>(WALK, [readerId, text, recent.ids, before])
    const floor = Math.max(recent.floor, ...rows.map(({ cut }) => cut ?? 0))
    const hits = rows
      .flatMap(({ conversationId: id, ids }) => (ids ?? []).map(message => ({ conversation: id, message })))
      .filter(({ message }) => message >= floor)
      .sort((a, b) => b.message - a.message)
    const shown = hits.slice(0, limit)
    const messages = await read(readerId, shown)
    const last = shown.at(-1)?.message
    if (hits.length > limit && last !== undefined) return { messages, next: last }
    return { messages, next: floor > 0 ? (floor as MessageId) : null }
  }

  /** Conversations that may hold something older than `before`, and the id below which others may hold something too. */
  async function recentOf(
    readerId: UserId,
    text: string,
    conversationId: ConversationId | undefined,
    before: MessageId
  ) {
    const ids: ConversationId[] = []
    for (let offset = 0; ; offset += WALKED_CONVERSATIONS) {
      const parameters = [readerId, text, conversationId ?? null, offset]
      const rows = await database.query<{ id: ConversationId; changedAt: Date }>(RECENT, parameters)
      ids.push(...rows.slice(0, WALKED_CONVERSATIONS).map(({ id }) => id))
      const next = rows[WALKED_CONVERSATIONS]
      if (next === undefined) return { ids, floor: 0 }
      const floor = lastIdAt(next.changedAt)
      if (floor < before) return { ids, floor }
    }
  }

  async function read(readerId: UserId, hits: readonly { conversation: ConversationId; message: MessageId }[]) {
    if (hits.length === 0) return []
    const columns = [hits.map(({ conversation }) => conversation), hits.map(({ message }) => message)]
    return toMessages(await database.query<MessageRow>(READ, [readerId, ...columns]))
  }

  return {
    async find(given) {
      const search = { ...given, text: withoutIdleDashes(given.text) }
      const [count] = await database.query<{ n: number }>(COUNT, [
        search.readerId,
        search.text,
        search.conversationId ?? null
      ])
      return (count?.n ?? 0) > MATCHES ? walked(search) : sorted(search)
    }
  }
}

/** A dash that stands before no word and no phrase excludes nothing; of 33 in a row PostgreSQL makes an internal error. */
function withoutIdleDashes(text: string): string {
  return text.replace(/-(?![\p{L}\p{N}"])/gu, ' ')
}

function toMessages(rows: readonly MessageRow[]): Message[] {
  return rows.map(toMessage).filter(isMessage)
}

/** The highest id that a message stored at `moment` can have. */
function lastIdAt(moment: Date): number {
  return (moment.getTime() + CLOCK_MS - ID_EPOCH_MS) * ID_SHIFT
}
