import { type ConversationId, limits, type MessageId, type Seq, type UserId } from '@rendezvous/contract'
import type { Database, Statement } from '../database/port.ts'
import { isDataError, retrying } from '../database/retry.ts'
import type { Appended, Draft, Message, MessagePage, MessagePlace, Messages, MessageWindow } from '../ports/messages.ts'
import {
  isMessage,
  type MessageRow,
  messageColumns,
  OTHERS,
  pair,
  toMessage,
  VISIBLE,
  WATERMARKS
} from './messageview.ts'

const LAST_SEQ = 2_147_483_647

function appendStatement(functionName: string): Statement {
  return {
    name: functionName,
    text: `SELECT status, id, seq, number, created_at AS "createdAt", user_low AS "userLow", user_high AS "userHigh",
    members_seq AS "membersSeq", rejoined_id AS "rejoinedId", outbox_id AS "outboxId"
    FROM ${functionName}($1, $2, $3, $4, $5, $6) ORDER BY ord`
  }
}
const APPEND = appendStatement('message_append_distinct')
const APPEND_WITH_REPETITIONS = appendStatement('message_append')

/** A page: $1 conversation, $2 user, above seq $3, below seq $4, at most $5, from the end that `order` says. */
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

/** By its id alone: the index of messages begins with the conversation, so each is looked into, the last changed first. */
const WHERE_IS: Statement = {
  name: 'message_where_is',
  text: `SELECT m.conversation_id AS "conversationId", m.seq
    FROM (SELECT y.conversation_id, y.visible_from_seq, y.cleared_seq FROM membership y JOIN conversation c ON c.id = y.conversation_id
      WHERE y.user_id = $2 AND y.left_seq IS NULL ORDER BY c.changed_at DESC LIMIT ${limits.recentConversations}) s
    JOIN LATERAL (SELECT x.conversation_id, x.seq FROM message x WHERE x.conversation_id = s.conversation_id AND x.id = $1 AND ${VISIBLE} LIMIT 1) m ON true
    LIMIT 1`
}

interface AppendedRow {
  readonly status: Appended['status']
  readonly id: MessageId
  readonly seq: Seq
  readonly number: number
  readonly createdAt: Date
  readonly userLow: UserId | null
  readonly userHigh: UserId | null
  readonly membersSeq: Seq
  readonly rejoinedId: UserId | null
  readonly outboxId: number
}

/** Messages in a database; `hot` is where appends go. */
export function messagesIn(database: Database, hot: Database = database): Messages {
  /** A batch that is refused for its data is halved until the bad rows stand alone. The halves keep their order. */
  async function append(drafts: readonly Draft[]): Promise<Appended[]> {
    if (drafts.length === 0) return []
    try {
      return await retrying(() => appendOnce(hot, drafts))
    } catch (error) {
      if (!isDataError(error)) throw error
      if (drafts.length === 1) return [{ status: 'invalid' }]
      const middle = drafts.length >> 1
      const first = await append(drafts.slice(0, middle))
      return [...first, ...(await append(drafts.slice(middle)))]
    }
  }

  return {
    append,

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
    }
  }
}

async function appendOnce(database: Database, drafts: readonly Draft[]): Promise<Appended[]> {
  const isDistinct = new Set(drafts.map(draft => draft.clientId)).size === drafts.length
  const rows = await database.query<AppendedRow>(isDistinct ? APPEND : APPEND_WITH_REPETITIONS, [
    drafts.map(draft => draft.conversationId),
    drafts.map(draft => draft.senderId),
    drafts.map(draft => draft.clientId),
    drafts.map(draft => draft.kind),
    drafts.map(draft => draft.content),
    drafts.map(extraOf)
  ])
  return rows.map((row, place) => toAppended(row, drafts[place]?.senderId))
}

function extraOf({ replyTo = null, mentions = [] }: Draft): string | null {
  return replyTo === null && mentions.length === 0 ? null : JSON.stringify({ reply_to: replyTo, mentions })
}

function toAppended(row: AppendedRow, senderId: UserId | undefined): Appended {
  if (row.status !== 'created' && row.status !== 'duplicate') return { status: row.status }
  const stored = {
    id: row.id,
    seq: row.seq,
    number: row.number,
    createdAt: row.createdAt,
    memberIds: pair(senderId, row.userLow, row.userHigh),
    membersSeq: row.membersSeq
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

/** Drops the one message that was asked for beyond the limit. */
function trim(messages: Message[], window: MessageWindow): MessagePage {
  if (messages.length <= window.limit) return { messages, hasMore: false }
  return { messages: takesOldest(window) ? messages.slice(0, window.limit) : messages.slice(1), hasMore: true }
}
