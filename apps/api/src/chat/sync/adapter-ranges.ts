import { type ConversationId, limits, type Seq, type UserId } from '@rendezvous/contract'
import { grouped } from '../../database/grouped.ts'
import type { Queryable, Statement } from '../../database/port.ts'
import type { PresenceAudience } from '../../people/visibility/port.ts'
import type { Conversation } from '../conversations/port.ts'
import { MEMBER_COLUMNS, type MemberRow, memberPerson, toMember } from '../groups/rows.ts'
import { type MessageRow, messageColumns, OTHERS, toMessage, WATERMARKS } from '../messages/rows.ts'
import { type Capacity, type Entry, ROWS_PER_KIND, takeFitting } from './adapter-values.ts'
import type { AboveHead, ChangesAfter, RangeState, SyncQuestion } from './port.ts'

const MEMBERSHIP =
  'JOIN LATERAL (SELECT * FROM membership x WHERE x.conversation_id = q.id AND x.user_id = $1 LIMIT 1) s ON true'
const CONVERSATION = 'JOIN LATERAL (SELECT * FROM conversation x WHERE x.id = q.id LIMIT 1) c ON true'

/** The seqs that decide whether a range can be answered. A conversation that the user has left has no row. */
const BOUNDS: Statement = {
  name: 'sync_places',
  text: `SELECT q.id, c.last_seq AS head, c.floor_seq AS floor, s.joined_seq AS joined FROM unnest($2::bigint[]) AS q(id)
    ${MEMBERSHIP} ${CONVERSATION} WHERE s.left_seq IS NULL`
}

/** Estimated bytes in an answer of a message without its text, and of a member without their bio. */
const MESSAGE_BYTES = 700
const MEMBER_BYTES = 500

/** The rows that changed after a seq: messages by the seq of their last change, and memberships. Messages that never
 *  changed are found by their own seq. */
const ENTRIES: Statement = {
  name: 'sync_entries',
  text: `SELECT q.id AS "conversationId", e.* FROM unnest($2::bigint[], $3::int[]) AS q(id, after) ${MEMBERSHIP}
    CROSS JOIN LATERAL (
      (SELECT x.seq, 'message' AS kind, x.seq AS key, ${MESSAGE_BYTES} + coalesce(octet_length(x.content), 0) AS bytes FROM message x
        WHERE x.conversation_id = q.id AND x.seq > greatest(q.after, s.visible_from_seq - 1, s.cleared_seq) AND x.changed_seq = x.seq
        ORDER BY x.seq LIMIT $4)
      UNION ALL
      (SELECT x.changed_seq, 'message', x.seq, ${MESSAGE_BYTES} + coalesce(octet_length(x.content), 0) FROM message x
        WHERE x.conversation_id = q.id AND x.changed_seq > q.after AND x.changed_seq <> x.seq AND x.seq >= s.visible_from_seq AND x.seq > s.cleared_seq
        ORDER BY x.changed_seq, x.seq LIMIT $4)
      UNION ALL
      (SELECT x.changed_seq, 'member', x.user_id, ${MEMBER_BYTES} + (SELECT octet_length(p.bio) FROM person p WHERE p.id = x.user_id) FROM membership x
        WHERE x.conversation_id = q.id AND x.changed_seq > q.after ORDER BY x.changed_seq LIMIT $4)) e`
}

const MESSAGES: Statement = {
  name: 'sync_messages',
  text: `SELECT ${messageColumns('s.user_id')}, m.deleted_at IS NOT NULL OR m.expires_at <= now() AS gone
    FROM unnest($2::bigint[], $3::int[]) AS q(id, seq) ${MEMBERSHIP} ${CONVERSATION}
    ${OTHERS}
    JOIN LATERAL (SELECT * FROM message x WHERE x.conversation_id = q.id AND x.seq = q.seq LIMIT 1) m ON true
    ${WATERMARKS}
    ORDER BY m.changed_seq`
}

const MEMBERS: Statement = {
  name: 'sync_members',
  text: `SELECT s.conversation_id AS "conversationId", s.left_seq IS NOT NULL AS left, ${MEMBER_COLUMNS}
    FROM unnest($2::bigint[], $3::int[]) AS q(id, user_id) ${CONVERSATION}
    JOIN LATERAL (SELECT * FROM membership x WHERE x.conversation_id = q.id AND x.user_id = q.user_id LIMIT 1) s ON true
    ${memberPerson('$1', '$4')}
    ORDER BY s.changed_seq, p.id`
}

interface BoundsRow {
  readonly id: ConversationId
  readonly head: Seq
  /** The lowest position from which all changes are still kept. */
  readonly floor: Seq
  /** When the user last joined. */
  readonly joined: Seq
}

interface EntryRow extends Entry {
  readonly conversationId: ConversationId
}
type MessageRowOrGone = MessageRow & { readonly gone: boolean | null }
type MemberRowOrLeft = MemberRow & { readonly conversationId: ConversationId; readonly left: boolean }

/**
 * How much of a range is answered:
 * - `gone`, `restart`: as in `RangeState`.
 * - `above`: the client's seq is above the head.
 * - `unread`: its rows are still to be read.
 * - `ok`: `entries` reach up to `position`. `shown` is false when none of them fit into the answer.
 */
type RangeProgress =
  | { readonly status: 'gone' | 'restart' | 'above' }
  | { readonly status: 'unread'; readonly after: Seq; readonly head: Seq }
  | {
      readonly status: 'ok'
      readonly head: Seq
      readonly position: Seq
      readonly entries: readonly Entry[]
      readonly shown: boolean
    }

/** The rows of ranges, before the views of their conversations are read. */
export interface ReadRanges {
  readonly status: 'ok'
  /** The conversations whose views `answer` needs. */
  readonly ids: readonly ConversationId[]
  answer(viewOf: (id: ConversationId) => Conversation | null): RangeState[]
}

/** Reads the changes of `ranges`, as many as fit into one answer. */
export async function readRanges(
  snapshot: Queryable,
  { userId, ranges, limit }: Pick<SyncQuestion, 'userId' | 'ranges' | 'limit'>,
  audience: PresenceAudience
): Promise<ReadRanges | AboveHead> {
  const checked = await checkBounds(snapshot, userId, ranges, limit)
  const above = ranges.filter((_, index) => checked[index]?.status === 'above').map(range => range.conversationId)
  if (above.length > 0) return { status: 'above', conversationIds: above }

  const progress = await readUnread(snapshot, userId, ranges, checked, limit)
  const taken = ranges.flatMap(({ conversationId }, index) => {
    const range = progress[index]
    return range?.status === 'ok' ? range.entries.map(entry => ({ ...entry, conversationId })) : []
  })
  const messages = grouped(await readMessages(snapshot, userId, taken), row => row.m_conversation_id)
  const members = grouped(await readMembers(snapshot, userId, taken, audience), row => row.conversationId)
  return {
    status: 'ok',
    ids: ranges.filter((_, index) => isShown(progress[index])).map(range => range.conversationId),
    answer: viewOf =>
      ranges.map(({ conversationId: id }, index) =>
        toState(progress[index], messages.get(id) ?? [], members.get(id) ?? [], () => viewOf(id))
      )
  }
}

/** The status of each range, before its rows are read. Once the ranges together span `limit` seqs, the rest is deferred
 *  to the next sync. */
async function checkBounds(
  snapshot: Queryable,
  userId: UserId,
  ranges: readonly ChangesAfter[],
  limit: number
): Promise<RangeProgress[]> {
  if (ranges.length === 0) return []
  const rows = await snapshot.query<BoundsRow>(BOUNDS, [userId, ranges.map(range => range.conversationId)])
  const boundsOf = new Map(rows.map(each => [each.id, each]))
  let spanned = 0
  return ranges.map(({ conversationId, after }): RangeProgress => {
    const found = boundsOf.get(conversationId)
    if (found === undefined) return { status: 'gone' }
    const { head, floor, joined } = found
    if (after > head) return { status: 'above' }
    if (after < floor || head - after > limits.syncBehind || (after > 0 && joined > after)) return { status: 'restart' }
    if (after === head) return { status: 'ok', head, position: head, entries: [], shown: true }
    const waits = spanned >= limit
    spanned += head - after
    return waits ? deferred(head, after) : { status: 'unread', after, head }
  })
}

/** Reads the rows of the ranges that are `unread`, and takes as many as fit. */
async function readUnread(
  snapshot: Queryable,
  userId: UserId,
  ranges: readonly ChangesAfter[],
  progress: readonly RangeProgress[],
  limit: number
): Promise<RangeProgress[]> {
  const unread = ranges.filter((_, index) => progress[index]?.status === 'unread')
  if (unread.length === 0) return [...progress]
  const columns = [unread.map(range => range.conversationId), unread.map(range => range.after)]
  const rows = grouped(
    await snapshot.query<EntryRow>(ENTRIES, [userId, ...columns, ROWS_PER_KIND]),
    row => row.conversationId
  )
  const capacity: Capacity = { entries: limit, bytes: limits.syncBytes, empty: true }
  return ranges.map(({ conversationId }, index): RangeProgress => {
    const range = progress[index] ?? { status: 'gone' }
    if (range.status !== 'unread') return range
    const taken = takeFitting(rows.get(conversationId) ?? [], capacity)
    if (taken === null) return { status: 'restart' }
    const { head, after } = range
    const position = taken.upTo ?? head
    if (position === after) return deferred(head, after)
    return { status: 'ok', head, position, entries: taken.entries, shown: true }
  })
}

async function readMessages(
  snapshot: Queryable,
  userId: UserId,
  taken: readonly EntryRow[]
): Promise<MessageRowOrGone[]> {
  const messages = taken.filter(({ kind }) => kind === 'message')
  if (messages.length === 0) return []
  return snapshot.query(MESSAGES, [userId, ...keysOf(messages)])
}

async function readMembers(
  snapshot: Queryable,
  userId: UserId,
  taken: readonly EntryRow[],
  audience: PresenceAudience
): Promise<MemberRowOrLeft[]> {
  const members = taken.filter(({ kind }) => kind === 'member')
  if (members.length === 0) return []
  return snapshot.query(MEMBERS, [userId, ...keysOf(members), audience === 'everyone'])
}

function keysOf(taken: readonly EntryRow[]) {
  return [taken.map(row => row.conversationId), taken.map(row => row.key)]
}

/** A range that is left to the next sync, at its old position. */
function deferred(head: Seq, position: Seq): RangeProgress {
  return { status: 'ok', head, position, entries: [], shown: false }
}

function isShown(range: RangeProgress | undefined): boolean {
  return range?.status === 'ok' && range.shown
}

function toState(
  range: RangeProgress | undefined,
  messages: readonly MessageRowOrGone[],
  members: readonly MemberRowOrLeft[],
  view: () => Conversation | null
): RangeState {
  if (range?.status !== 'ok') return { status: range?.status === 'restart' ? 'restart' : 'gone' }
  const { position, head, shown } = range
  return {
    status: 'ok',
    position,
    head,
    messages: messages.filter(({ gone }) => !gone).flatMap(row => toMessage(row) ?? []),
    deleted: messages.filter(({ gone }) => gone).flatMap(tombstone),
    members: members.filter(({ left }) => !left).map(toMember),
    left: members.filter(({ left }) => left).map(({ id }) => id),
    conversation: shown ? view() : null
  }
}

function tombstone({ m_id: id, m_seq: seq, m_changed_seq: changedSeq }: MessageRow) {
  return id === null ? [] : [{ id, seq, changedSeq }]
}
