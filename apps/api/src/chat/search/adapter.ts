import { type ConversationId, limits, type MessageId, type UserId } from '@rendezvous/contract'
import type { Database, Statement } from '../../database/port.ts'
import type { Message } from '../messages/port.ts'
import { isMessage, type MessageRow, messageColumns, OTHERS, toMessage, VISIBLE, WATERMARKS } from '../messages/rows.ts'
import type { Found, MessageSearch, Search } from './port.ts'

/** With more matches than this, the newest messages are scanned, because a sort of all matches costs more. */
const SORTED_MATCHES = 2_000
/** Messages that are scanned for one page of a common word, an equal share of each conversation. The conversations are
 *  all that changed since the page's first message, and at most SCANNED_CONVERSATIONS more. */
const SCANNED_MESSAGES = 10_000
const SCANNED_CONVERSATIONS = 20
/** Above every id: the first page begins here. */
const LAST_ID = Number.MAX_SAFE_INTEGER
/** An id is milliseconds since 2024 times ID_SHIFT, plus a counter (see new_id()). Clocks of one database differ by at
 *  most CLOCK_MS. */
const ID_EPOCH_MS = Date.UTC(2024, 0, 1)
const ID_SHIFT = 4_096
const CLOCK_MS = 10_000

/** Matches a text whose last word may be the prefix of a longer word. Nothing follows the word, and only a space, or
 *  nothing, stands before it. */
const OPEN_END = new RegExp(`(?:^|\\s)[\\p{L}\\p{N}]{${limits.searchPrefix},}$`, 'u')
/** The text $1 as a tsquery in text form. With $2 its last word is a prefix. A query that ends in a parenthesis
 *  excludes an unclosed phrase, so it gets no prefix. */
const PARSE: Statement = {
  name: 'search_parse',
  text: `SELECT CASE WHEN $2 AND q LIKE '%''' THEN q || ':*' ELSE q END AS query FROM CAST(websearch_to_tsquery('simple', $1) AS text) q`
}
const TEXTS = 'x.kind = 1 AND x.deleted_at IS NULL'
/** $2 is [the query, what PARSE made of the text]. */
const WORDED = 'x.words @@ search_query(($2::text[])[1])'
/** Not `IS NULL`, which would make PostgreSQL read the index of all messages without words. */
const WORDLESS = `num_nonnulls(x.words) = 0 AND to_tsvector('simple', x.content) @@ ($2::text[])[2]::tsquery`
/** The conversations of the reader $1, or only $3 when it is theirs; none across a block. */
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

/** Whether a conversation of the search has messages whose words are not made yet. */
const HAS_WORDLESS: Statement = {
  name: 'search_wordless',
  text: `SELECT EXISTS (SELECT FROM (${MINE.replaceAll('$3', '$2')}) mine
    JOIN LATERAL (SELECT FROM message x WHERE x.conversation_id = mine.id AND ${TEXTS} AND x.words IS NULL LIMIT 1) m ON true) AS found`
}

/** The statements of a search. */
interface Statements {
  readonly count: Statement
  readonly sort: Statement
  readonly scan: Statement
}

/** The statements for messages `x` for which one of `kinds` holds. Their names end in `suffix`. */
function statements(kinds: readonly string[], suffix: string): Statements {
  // Matches in the reader's conversations, at most SORTED_MATCHES + 1. They are found by the indexes of words, before
  // visibility is checked. Each kind has an index of its own, and no message is of both.
  const limited = `LIMIT ${SORTED_MATCHES + 1}`
  const each = kinds.map(
    kind => `(SELECT x.conversation_id, x.id, x.seq, x.deleted_at, x.expires_at FROM message x
    WHERE x.conversation_id = ANY (ARRAY(${MINE})) AND ${TEXTS} AND ${kind} ${limited})`
  )
  const matching = `SELECT * FROM (${each.join(' UNION ALL ')}) found ${limited}`
  const match = `${TEXTS} AND (${kinds.join(' OR ')})`
  return {
    count: { name: `search_count${suffix}`, text: `SELECT count(*)::int AS n FROM (${matching}) hits` },
    sort: {
      name: `search_sort${suffix}`,
      text: `WITH matching AS MATERIALIZED (${matching}), hit AS MATERIALIZED (SELECT x.conversation_id, x.id FROM matching x
      JOIN LATERAL (SELECT * FROM membership y WHERE y.conversation_id = x.conversation_id AND y.user_id = $1 LIMIT 1) s ON true
      WHERE x.id < $4 AND ${VISIBLE} ORDER BY x.id DESC LIMIT $5)
    ${MESSAGES}`
    },
    // Scans the newest $5 messages below $4 of each conversation of $3. Answers the ids that match. `scannedTo` is the
    // lowest scanned id when older messages may remain, otherwise null.
    scan: {
      name: `search_walk${suffix}`,
      text: `SELECT o.id AS "conversationId", w."scannedTo", w.ids FROM unnest($3::bigint[]) AS o(id)
    JOIN LATERAL (SELECT * FROM membership y WHERE y.conversation_id = o.id AND y.user_id = $1 LIMIT 1) s ON true
    JOIN LATERAL (SELECT CASE WHEN count(*) = $5 THEN min(x.id) END AS "scannedTo", array_agg(x.id) FILTER (WHERE ${match} AND ${VISIBLE}) AS ids
      FROM (SELECT * FROM message z WHERE z.conversation_id = o.id AND z.id < $4 ORDER BY z.id DESC LIMIT $5) x) w ON true`
    }
  }
}
const OF_WORDS = statements([WORDED], '_words')
/** Also finds messages whose words are not made yet. */
const OF_ALL = statements([WORDED, WORDLESS], '')
/** The conversations to scan, the last changed first: all that changed since $4, and SCANNED_CONVERSATIONS + 1 more.
 *  The last one is not scanned: it says from which id on the scan is complete. `newer` counts those that changed
 *  since $4. The condition on $2 is always true: PostgreSQL refuses a parameter that is not used. */
const RECENT: Statement = {
  name: 'search_recent',
  text: `SELECT id, "changedAt", newer FROM (
      SELECT c.id, c.changed_at AS "changedAt", row_number() OVER (ORDER BY c.changed_at DESC, c.id DESC) AS place,
        count(*) FILTER (WHERE c.changed_at >= $4) OVER ()::int AS newer
      FROM (${MINE}) mine JOIN LATERAL (SELECT * FROM conversation y WHERE y.id = mine.id LIMIT 1) c ON true) r
    WHERE $2::text[] IS NOT NULL AND place <= newer + ${SCANNED_CONVERSATIONS + 1} ORDER BY place`
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

interface ScanRow {
  readonly conversationId: ConversationId
  readonly scannedTo: MessageId | null
  readonly ids: MessageId[] | null
}

/** A search with its statements, and their queries: of words, and of texts without words. */
interface Parsed extends Search {
  readonly by: Statements
  readonly queries: readonly [string, string]
}

/** Searches the messages of `database`. */
export function searchIn(database: Database): MessageSearch {
  /** The query of texts is not read when all messages of the search have their words. */
  async function parse(asked: Search): Promise<Parsed> {
    const place = [asked.readerId, asked.conversationId ?? null]
    const [wordless] = await database.query<{ found: boolean }>(HAS_WORDLESS, place)
    if (wordless?.found !== true) return { ...asked, by: OF_WORDS, queries: [asked.query, ''] }
    const isOpen = OPEN_END.test(asked.text)
    const [parsed] = await database.query<{ query: string }>(PARSE, [withoutIdleDashes(asked.text), isOpen])
    return { ...asked, by: OF_ALL, queries: [asked.query, parsed?.query ?? ''] }
  }

  /** One page when there are few matches: all are sorted. */
  async function sortMatches({ readerId, by, queries, conversationId, before, limit }: Parsed): Promise<Found> {
    const parameters = [readerId, queries, conversationId ?? null, before ?? LAST_ID, limit + 1]
    const found = toMessages(await database.query<MessageRow>(by.sort, parameters))
    const messages = found.slice(0, limit)
    return { messages, next: found.length > limit ? (messages.at(-1)?.id ?? null) : null }
  }

  /** One page when there are many matches: the newest messages are scanned. The page ends at the lowest id above which
   *  the scan is complete. */
  async function scanNewest(search: Parsed): Promise<Found> {
    const { readerId, by, queries, before = LAST_ID as MessageId, limit } = search
    const recent = await recentOf(search, before)
    const share = Math.max(1, Math.floor(SCANNED_MESSAGES / Math.max(1, recent.ids.length)))
    const rows = await database.query<ScanRow>(by.scan, [readerId, queries, recent.ids, before, share])
    const completeFrom = Math.max(recent.completeFrom, ...rows.map(({ scannedTo }) => scannedTo ?? 0))
    const hits = rows
      .flatMap(({ conversationId: id, ids }) => (ids ?? []).map(message => ({ conversation: id, message })))
      .filter(({ message }) => message >= completeFrom)
      .sort((a, b) => b.message - a.message)
    const shown = hits.slice(0, limit)
    const messages = await read(readerId, shown)
    const last = shown.at(-1)?.message
    if (hits.length > limit && last !== undefined) return { messages, next: last }
    return { messages, next: completeFrom > 0 ? (completeFrom as MessageId) : null }
  }

  /** The conversations to scan for messages older than `before`. Messages of conversations that are not
   *  scanned have ids up to `completeFrom`. */
  async function recentOf({ readerId, queries, conversationId }: Parsed, before: MessageId) {
    const parameters = [readerId, queries, conversationId ?? null, firstMomentOf(before)]
    const rows = await database.query<RecentRow>(RECENT, parameters)
    const scanned = rows.slice(0, (rows[0]?.newer ?? 0) + SCANNED_CONVERSATIONS)
    const next = rows[scanned.length]
    return { ids: scanned.map(({ id }) => id), completeFrom: next === undefined ? 0 : lastIdAt(next.changedAt) }
  }

  async function read(readerId: UserId, hits: readonly { conversation: ConversationId; message: MessageId }[]) {
    if (hits.length === 0) return []
    const columns = [hits.map(({ conversation }) => conversation), hits.map(({ message }) => message)]
    return toMessages(await database.query<MessageRow>(READ, [readerId, ...columns]))
  }

  return {
    async find(asked) {
      const search = await parse(asked)
      const { readerId, queries, conversationId = null } = search
      const [count] = await database.query<{ n: number }>(search.by.count, [readerId, queries, conversationId])
      return (count?.n ?? 0) > SORTED_MATCHES ? scanNewest(search) : sortMatches(search)
    }
  }
}

/** Removes dashes that exclude no word, because PostgreSQL answers 33 of them in a row with an internal error. */
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

/** The earliest moment at which a message with this id or a higher one can have been stored. */
function firstMomentOf(id: MessageId): Date {
  return new Date(Math.ceil(id / ID_SHIFT) + ID_EPOCH_MS - CLOCK_MS)
}
