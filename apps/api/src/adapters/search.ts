import { type ConversationId, limits, type MessageId, type UserId } from '@rendezvous/contract'
import type { Database, Statement } from '../database/port.ts'
import type { Message } from '../ports/messages.ts'
import type { Found, MessageSearch, Search } from '../ports/search.ts'
import { isMessage, type MessageRow, messageColumns, OTHERS, toMessage, VISIBLE, WATERMARKS } from './messageview.ts'

/** With more matches than this, the newest messages are looked through instead of sorting them all. */
const MATCHES = 2_000
/** Messages that are looked through for one page of a common word, an equal share of each conversation: of those that changed after the place
 *  where the page begins, and of so many more. */
const WALKED_MESSAGES = 10_000
const WALKED_CONVERSATIONS = 20
const LAST_ID = Number.MAX_SAFE_INTEGER
/** Ids begin with milliseconds since 2024, shifted by so many bits (new_id()); clocks of one database agree within this. */
const ID_EPOCH_MS = Date.UTC(2024, 0, 1)
const ID_SHIFT = 4_096
const CLOCK_MS = 10_000

/** A text that ends in a word which may be the beginning of a longer one: with nothing after it, and in front of it nothing that excludes. */
const OPEN_END = new RegExp(`(?:^|\\s)[\\p{L}\\p{N}]{${limits.searchPrefix},}$`, 'u')
/** The text as a query, written out; its last word as a beginning if $2. One that ends in a parenthesis excludes a phrase that was not closed. */
const PARSE: Statement = {
  name: 'search_parse',
  text: `SELECT CASE WHEN $2 AND q LIKE '%''' THEN q || ':*' ELSE q END AS query FROM CAST(websearch_to_tsquery('simple', $1) AS text) q`
}
const MATCH = `x.kind = 1 AND x.deleted_at IS NULL AND to_tsvector('simple', x.content) @@ $2::tsquery`
/** The reader's ($1) conversations, or the one of $3 among them, save those across a block. */
const MINE = `SELECT s.conversation_id AS id FROM membership s JOIN LATERAL (SELECT * FROM conversation y WHERE y.id = s.conversation_id LIMIT 1) c ON true
    WHERE s.user_id = $1 AND s.left_seq IS NULL AND ($3::bigint IS NULL OR s.conversation_id = $3)
      AND NOT (c.kind = 1 AND across_block(c.user_low, c.user_high))`
const MESSAGES = `SELECT ${messageColumns('s.user_id')}
    FROM hit
    JOIN LATERAL (SELECT * FROM membership x WHERE x.conversation_id = hit.conversation_id AND x.user_id = $1 LIMIT 1) s ON true
    JOIN LATERAL (SELECT * FROM conversation x WHERE x.id = hit.conversation_id LIMIT 1) c ON true
    JOIN LATERAL (SELECT * FROM message x WHERE x.conversation_id = hit.conversation_id AND x.id = hit.id AND ${VISIBLE} LIMIT 1) m ON true
    ${OTHERS}
    ${WATERMARKS}
    ORDER BY m.id DESC`

/** Matches in the reader's conversations, MATCHES + 1 at most; by the index of words, whatever is asked of them besides. */
const MATCHING = `SELECT x.conversation_id, x.id, x.seq, x.deleted_at, x.expires_at FROM message x
    WHERE x.conversation_id = ANY (ARRAY(${MINE})) AND ${MATCH} LIMIT ${MATCHES + 1}`
/** How many match: with more than MATCHES no sort of all is worth it. */
const COUNT: Statement = { name: 'search_count', text: `SELECT count(*)::int AS n FROM (${MATCHING}) hits` }
const SORT: Statement = {
  name: 'search_sort',
  text: `WITH matching AS MATERIALIZED (${MATCHING}), hit AS MATERIALIZED (SELECT x.conversation_id, x.id FROM matching x
      JOIN LATERAL (SELECT * FROM membership y WHERE y.conversation_id = x.conversation_id AND y.user_id = $1 LIMIT 1) s ON true
      WHERE x.id < $4 AND ${VISIBLE} ORDER BY x.id DESC LIMIT $5)
    ${MESSAGES}`
}
/** The conversations to look through, the last changed first: those changed since $4, and some more; one more than that tells where
 *  certainty ends. `newer` is how many are the former. */
const RECENT: Statement = {
  name: 'search_recent',
  text: `SELECT id, "changedAt", newer FROM (
      SELECT c.id, c.changed_at AS "changedAt", row_number() OVER (ORDER BY c.changed_at DESC, c.id DESC) AS place,
        count(*) FILTER (WHERE c.changed_at >= $4) OVER ()::int AS newer
      FROM (${MINE}) mine JOIN LATERAL (SELECT * FROM conversation y WHERE y.id = mine.id LIMIT 1) c ON true) r
    WHERE $2::tsquery IS NOT NULL AND place <= newer + ${WALKED_CONVERSATIONS + 1} ORDER BY place`
}
/** Of each conversation of $3 the newest $5 messages below $4: those that match, and the lowest id that was looked at if it was cut there. */
const WALK: Statement = {
  name: 'search_walk',
  text: `SELECT o.id AS "conversationId", w.cut, w.ids FROM unnest($3::bigint[]) AS o(id)
    JOIN LATERAL (SELECT * FROM membership y WHERE y.conversation_id = o.id AND y.user_id = $1 LIMIT 1) s ON true
    JOIN LATERAL (SELECT CASE WHEN count(*) = $5 THEN min(x.id) END AS cut, array_agg(x.id) FILTER (WHERE ${MATCH} AND ${VISIBLE}) AS ids
      FROM (SELECT * FROM message z WHERE z.conversation_id = o.id AND z.id < $4 ORDER BY z.id DESC LIMIT $5) x) w ON true`
}
const READ: Statement = {
  name: 'search_read',
  text: `WITH hit AS MATERIALIZED (SELECT * FROM unnest($2::bigint[], $3::bigint[]) AS h(conversation_id, id)) ${MESSAGES}`
}

interface RecentRow {
  readonly id: ConversationId
  readonly changedAt: Date
  readonly newer: number
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
    const share = Math.max(1, Math.floor(WALKED_MESSAGES / Math.max(1, recent.ids.length)))
    const rows = await database.query<WalkRow>(WALK, [readerId, text, recent.ids, before, share])
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
    const parameters = [readerId, text, conversationId ?? null, firstMomentOf(before)]
    const rows = await database.query<RecentRow>(RECENT, parameters)
    const walked = rows.slice(0, (rows[0]?.newer ?? 0) + WALKED_CONVERSATIONS)
    const next = rows[walked.length]
    return { ids: walked.map(({ id }) => id), floor: next === undefined ? 0 : lastIdAt(next.changedAt) }
  }

  async function read(readerId: UserId, hits: readonly { conversation: ConversationId; message: MessageId }[]) {
    if (hits.length === 0) return []
    const columns = [hits.map(({ conversation }) => conversation), hits.map(({ message }) => message)]
    return toMessages(await database.query<MessageRow>(READ, [readerId, ...columns]))
  }

  return {
    async find(given) {
      const [parsed] = await database.query<{ query: string }>(PARSE, [
        withoutIdleDashes(given.text),
        OPEN_END.test(given.text)
      ])
      const search = { ...given, text: parsed?.query ?? '' }
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

/** The first moment at which a message with this id, or a higher one, can have been stored. */
function firstMomentOf(id: MessageId): Date {
  return new Date(Math.ceil(id / ID_SHIFT) + ID_EPOCH_MS - CLOCK_MS)
}
