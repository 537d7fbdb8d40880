import { type ConversationId, limits, type MessageId, type Seq, type UserId } from '@rendezvous/contract'
import type { Database, Statement } from '../../database/port.ts'
import { isDataError, isLockTimeout, retrying } from '../../database/retry.ts'
import type {
  Appended,
  Draft,
  Message,
  MessagePage,
  MessagePlace,
  Messages,
  MessageWindow,
  References
} from './port.ts'
import {
  ACTIVE_AT,
  isMessage,
  type MessageRow,
  messageColumns,
  OTHERS,
  pair,
  toMessage,
  VISIBLE,
  WATERMARKS
} from './rows.ts'

const LAST_SEQ = 2_147_483_647

/** How long `tryAppend` waits for a lock. A batch of another node holds its conversations for some 10 ms. */
const LOCK_WAIT_MS = 100

const APPENDED = `SELECT status, id, seq, number, created_at AS "createdAt", user_low AS "userLow", user_high AS "userHigh",
    members_seq AS "membersSeq", member_count AS "memberCount", rejoined_id AS "rejoinedId", outbox_id AS "outboxId"`
const APPEND: Statement = {
  name: 'message_append_worded',
  text: `${APPENDED}
    FROM message_append_worded($1, $2, $3, $4, $5, $6, $7) ORDER BY ord`
}
/** The setting lasts for the statement, which is a transaction of its own. The function is called after the setting
 *  takes effect, because its first argument depends on it. */
const TRY_APPEND: Statement = {
  name: 'message_append_briefly',
  text: `${APPENDED}
    FROM set_config('lock_timeout', '${LOCK_WAIT_MS}', true) AS wait,
      message_append_worded(CASE WHEN wait IS NOT NULL THEN $1::bigint[] END, $2, $3, $4, $5, $6, $7) ORDER BY ord`
}

/** A page: $1 conversation, $2 user, above seq $3, below seq $4, at most $5 messages. `order` says from which end. */
function pageStatement(name: string, order: 'ASC' | 'DESC'): Statement {
  return {
    name,
    text: `SELECT ${messageColumns('s.user_id')}
    FROM membership s
    JOIN conversation c ON c.id = s.conversation_id
    ${OTHERS}
    LEFT JOIN LATERAL (SELECT * FROM message x WHERE x.conversation_id = $1 AND x.seq > $3 AND x.seq < $4 AND ${VISIBLE}
      ORDER BY x.seq ${order} LIMIT $5) m ON true
    ${WATERMARKS}
    WHERE s.conversation_id = $1 AND s.user_id = $2 AND s.left_seq IS NULL
    ORDER BY m.seq`
  }
}
const PAGE_OF_NEWEST = pageStatement('message_page_newest', 'DESC')
const PAGE_OF_OLDEST = pageStatement('message_page_oldest', 'ASC')

const FIND: Statement = {
  name: 'message_find',
  text: `SELECT ${messageColumns('s.user_id')}
    FROM membership s
    JOIN conversation c ON c.id = s.conversation_id
    ${OTHERS}
    JOIN LATERAL (SELECT * FROM message x WHERE x.conversation_id = $1 AND x.id = $3 AND ${VISIBLE} LIMIT 1) m ON true
    ${WATERMARKS}
    WHERE s.conversation_id = $1 AND s.user_id = $2 AND s.left_seq IS NULL`
}

const LOCATE: Statement = {
  name: 'message_locate',
  text: `SELECT m.seq FROM membership s
    JOIN LATERAL (SELECT x.seq FROM message x WHERE x.conversation_id = $1 AND x.id = $3 AND x.seq >= s.visible_from_seq LIMIT 1) m ON true
    WHERE s.conversation_id = $1 AND s.user_id = $2 AND s.left_seq IS NULL`
}

/** By id alone. The index of messages begins with the conversation, so this looks into one conversation after another,
 *  the last active first. */
const WHERE_IS: Statement = {
  name: 'message_where_is',
  text: `SELECT m.conversation_id AS "conversationId", m.seq
    FROM (SELECT s.conversation_id, s.visible_from_seq, s.cleared_seq FROM membership s JOIN conversation c ON c.id = s.conversation_id
      WHERE s.user_id = $2 AND s.left_seq IS NULL ORDER BY ${ACTIVE_AT} DESC LIMIT ${limits.recentConversations}) s
    JOIN LATERAL (SELECT x.conversation_id, x.seq FROM message x WHERE x.conversation_id = s.conversation_id AND x.id = $1 AND ${VISIBLE} LIMIT 1) m ON true
    LIMIT 1`
}

/** What became of the reply $3 and the mentions $4 of a text of the user $2 in conversation $1. */
const REFERENCES: Statement = {
  name: 'message_references',
  text: `SELECT CASE WHEN $3::bigint IS NULL THEN false ELSE (SELECT NOT (${VISIBLE}) FROM message x
      WHERE x.conversation_id = $1 AND x.id = $3 AND x.seq >= s.visible_from_seq LIMIT 1) END AS "replyGone",
    ARRAY(SELECT o.id FROM unnest($4::int[]) AS o(id) JOIN membership x ON x.conversation_id = $1 AND x.user_id = o.id
      WHERE c.kind = 2 AND x.left_seq IS NOT NULL) AS "left",
    ARRAY(SELECT o.id FROM unnest($4::int[]) AS o(id)
      WHERE NOT EXISTS (SELECT 1 FROM membership x WHERE x.conversation_id = $1 AND x.user_id = o.id)) AS strangers
    FROM membership s JOIN conversation c ON c.id = s.conversation_id
    WHERE s.conversation_id = $1 AND s.user_id = $2 AND s.left_seq IS NULL`
}

interface AppendedRow {
  readonly status: Exclude<Appended['status'], 'failed'>
  readonly id: MessageId
  readonly seq: Seq
  readonly number: number
  readonly createdAt: Date
  readonly userLow: UserId | null
  readonly userHigh: UserId | null
  readonly membersSeq: Seq
  readonly memberCount: number | null
  readonly rejoinedId: UserId | null
  readonly outboxId: number
}

/** Messages in a database. Appends go to `hot`. */
export function messagesIn(database: Database, hot: Database = database): Messages {
  return {
    append: drafts => appendValid(drafts, valid => appendOnce(hot, APPEND, valid)),

    async tryAppend(drafts) {
      try {
        return await appendValid(drafts, valid => appendOnce(hot, TRY_APPEND, valid))
      } catch (error) {
        if (isLockTimeout(error)) return null
        throw error
      }
    },

    async page(conversationId, userId, window) {
      const rows = await database.query<MessageRow>(pageFor(window), [
        conversationId,
        userId,
        window.afterSeq ?? 0,
        window.beforeSeq ?? LAST_SEQ,
        window.limit + 1
      ])
      return rows.length === 0 ? null : trim(rows.map(toMessage).filter(isMessage), window)
    },

    async findForMember(conversationId, messageId, userId) {
      const [row] = await database.query<MessageRow>(FIND, [conversationId, userId, messageId])
      return row === undefined ? null : toMessage(row)
    },

    async locate(conversationId: ConversationId, messageId: MessageId, userId: UserId) {
      const [row] = await database.query<{ seq: Seq }>(LOCATE, [conversationId, userId, messageId])
      return row?.seq ?? null
    },

    async whereIs(messageId, userId) {
      const [row] = await database.query<MessagePlace>(WHERE_IS, [messageId, userId])
      return row ?? null
    },

    async references(conversationId, userId, { replyTo, mentions }) {
      type Row = Omit<References, 'replyTo'>
      const [row] = await database.query<Row>(REFERENCES, [conversationId, userId, replyTo, mentions])
      return row === undefined ? null : { replyTo, ...row }
    }
  }
}

type Append = (drafts: readonly Draft[]) => Promise<Appended[]>

/** A batch that is refused for its data is halved until the bad rows stand alone. The halves keep their order. Each is
 *  a transaction of its own, so an error of one is the answer of its drafts only. */
async function appendValid(drafts: readonly Draft[], append: Append): Promise<Appended[]> {
  if (drafts.length === 0) return []
  try {
    return await retrying(() => append(drafts))
  } catch (error) {
    if (!isDataError(error)) throw error
    if (drafts.length === 1) return [{ status: 'invalid' }]
    const middle = drafts.length >> 1
    const answers: Appended[] = []
    for (const half of [drafts.slice(0, middle), drafts.slice(middle)]) {
      answers.push(...(await appendValid(half, append).catch(error => half.map(() => failed(error)))))
    }
    return answers
  }
}

function failed(error: unknown): Appended {
  return { status: 'failed', error }
}

async function appendOnce(database: Database, statement: Statement, drafts: readonly Draft[]): Promise<Appended[]> {
  const rows = await database.query<AppendedRow>(statement, [
    drafts.map(draft => draft.conversationId),
    drafts.map(draft => draft.senderId),
    drafts.map(draft => draft.clientId),
    drafts.map(draft => draft.kind),
    drafts.map(draft => draft.content),
    drafts.map(extraOf),
    drafts.map(({ words = null }) => words)
  ])
  return rows.map((row, place) => toAppended(row, drafts[place]?.senderId))
}

/** What few messages have; null for all others. */
function extraOf({ replyTo = null, replyGone = false, mentions = [], clientIdSent }: Draft): string | null {
  if (replyTo === null && mentions.length === 0 && clientIdSent === undefined) return null
  return JSON.stringify({
    ...(replyTo === null ? {} : { reply_to: replyTo }),
    ...(replyGone ? { gone: true } : {}),
    ...(mentions.length === 0 ? {} : { mentions }),
    ...(clientIdSent === undefined ? {} : { client_id: clientIdSent })
  })
}

function toAppended(row: AppendedRow, senderId: UserId | undefined): Appended {
  if (row.status !== 'created' && row.status !== 'duplicate') return { status: row.status }
  const stored = {
    id: row.id,
    seq: row.seq,
    number: row.number,
    createdAt: row.createdAt,
    memberIds: pair(senderId, row.userLow, row.userHigh),
    membersSeq: row.membersSeq,
    memberCount: row.memberCount
  }
  if (row.status === 'duplicate') return { status: 'duplicate', ...stored }
  const rejoinedIds = row.rejoinedId === null ? [] : [row.rejoinedId]
  return { status: 'created', ...stored, rejoinedIds, outboxId: row.outboxId }
}

function takesOldest(window: MessageWindow): boolean {
  return window.afterSeq !== undefined && window.beforeSeq === undefined
}

function pageFor(window: MessageWindow): Statement {
  return takesOldest(window) ? PAGE_OF_OLDEST : PAGE_OF_NEWEST
}

/** Drops the extra message that tells whether there are more. */
function trim(messages: Message[], window: MessageWindow): MessagePage {
  if (messages.length <= window.limit) return { messages, hasMore: false }
  return { messages: takesOldest(window) ? messages.slice(0, window.limit) : messages.slice(1), hasMore: true }
}
