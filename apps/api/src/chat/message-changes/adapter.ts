import { limits, type Seq, timestamp, type UserId } from '@rendezvous/contract'
import type { Database, Parameter, Statement } from '../../database/port.ts'
import { retrying } from '../../database/retry.ts'
import { isMessage, type MessageRow, messageColumns, OTHERS, toMessage, VISIBLE, WATERMARKS } from '../messages/rows.ts'
import type { MessageChanged, MessageChanges, MessageRef, Reactor } from './port.ts'

const COLUMNS = `status, seq, message_seq AS "messageSeq", at, member_ids AS "memberIds", members_seq AS "membersSeq",
  outbox_id AS "outboxId"`
const EDIT: Statement = {
  name: 'message_edit_worded',
  text: `SELECT ${COLUMNS} FROM message_edit_worded($1, $2, $3, $4, $5, $6, $7)`
}
const REMOVE: Statement = { name: 'message_delete', text: `SELECT ${COLUMNS} FROM message_delete($1, $2, $3, $4)` }
const REACT: Statement = {
  name: 'message_react_spelled',
  text: `SELECT ${COLUMNS}, emoji FROM message_react_spelled($1, $2, $3, $4, $5, $6)`
}
const PIN: Statement = { name: 'message_pin', text: `SELECT ${COLUMNS} FROM message_pin($1, $2, $3, $4, $5, $6)` }

/** The membership `s` of the reader $2 in conversation $1, and the message $3 as `m`, if the reader may see it. */
const SEEN = `FROM membership s
    JOIN LATERAL (SELECT x.seq FROM message x WHERE x.conversation_id = $1 AND x.id = $3 AND ${VISIBLE} LIMIT 1) m ON true`
const MINE = 's.conversation_id = $1 AND s.user_id = $2 AND s.left_seq IS NULL'
const EDITS: Statement = {
  name: 'message_edits',
  text: `SELECT e.content, e.seq, e.replaced_at AS "replacedAt" ${SEEN}
    LEFT JOIN message_edit e ON e.conversation_id = $1 AND e.message_seq = m.seq
    WHERE ${MINE} AND s.role >= $4 ORDER BY e.seq`
}
const REACTIONS: Statement = {
  name: 'message_reactions',
  text: `SELECT r.user_id AS "userId", r.emoji, r.created_at AS at ${SEEN}
    LEFT JOIN LATERAL (SELECT * FROM reaction x WHERE x.conversation_id = $1 AND x.message_seq = m.seq AND (x.emoji, x.user_id) > ($4, $5)
      ORDER BY x.emoji, x.user_id LIMIT $6) r ON true
    WHERE ${MINE} ORDER BY r.emoji, r.user_id`
}
const PINS: Statement = {
  name: 'message_pins',
  text: `SELECT ${messageColumns('s.user_id')}
    FROM membership s
    JOIN conversation c ON c.id = s.conversation_id
    ${OTHERS}
    LEFT JOIN LATERAL (SELECT * FROM message x WHERE x.conversation_id = $1 AND x.pinned_at IS NOT NULL AND ${VISIBLE}
      ORDER BY x.seq DESC LIMIT $3) m ON true
    ${WATERMARKS}
    WHERE ${MINE} ORDER BY m.pinned_at DESC, m.seq DESC`
}

interface ChangedRow {
  readonly emoji?: string
  readonly status: MessageChanged['status']
  readonly seq: Seq
  readonly messageSeq: Seq
  readonly at: Date
  readonly memberIds: readonly UserId[] | null
  readonly membersSeq: Seq
  readonly outboxId: number
}

/** Changes messages in `database`. */
export function messageChangesIn(database: Database): MessageChanges {
  async function change(statement: Statement, which: MessageRef, ...rest: Parameter[]): Promise<MessageChanged> {
    const parameters = [which.conversationId, which.actorId, which.messageId, ...rest]
    const [row] = await retrying(() => database.query<ChangedRow>(statement, parameters))
    if (row === undefined) throw new Error(`${statement.name} answered no row`)
    const { status, memberIds, emoji, ...facts } = row
    if (status !== 'ok') return { status }
    const spelled = emoji === undefined ? {} : { emoji }
    return { status, ...facts, ...spelled, memberIds: actorFirst(which.actorId, memberIds) }
  }

  return {
    edit: (which, { content, words = null, mentions }) => change(EDIT, which, content, mentions, limits.edits, words),
    remove: (which, rank) => change(REMOVE, which, rank),
    react: (which, emoji, isAdded) => change(REACT, which, emoji, isAdded, limits.reactionKinds),
    pin: (which, isPinned, rank) => change(PIN, which, isPinned, rank, limits.pins),

    async edits({ conversationId, actorId, messageId }, rank) {
      type Row = { readonly content: string | null; readonly seq: Seq; readonly replacedAt: Date }
      const rows = await database.query<Row>(EDITS, [conversationId, actorId, messageId, rank])
      if (rows.length === 0) return null
      return rows.flatMap(({ content, seq, replacedAt }) =>
        content === null ? [] : [{ content, seq, replaced_at: timestamp(replacedAt) }]
      )
    },

    async reactions({ conversationId, actorId, messageId }, { limit, after }) {
      const place = [after.emoji, after.userId, limit]
      const rows = await database.query<Reactor>(REACTIONS, [conversationId, actorId, messageId, ...place])
      return rows.length === 0 ? null : rows.filter(({ emoji }) => emoji !== null)
    },

    async pins(conversationId, readerId) {
      const rows = await database.query<MessageRow>(PINS, [conversationId, readerId, limits.pins])
      return rows.length === 0 ? null : rows.map(toMessage).filter(isMessage)
    }
  }
}

/** The actor before the others; null for a group. */
function actorFirst(actorId: UserId, memberIds: readonly UserId[] | null): UserId[] | null {
  return memberIds === null ? null : [actorId, ...memberIds.filter(id => id !== actorId)]
}
