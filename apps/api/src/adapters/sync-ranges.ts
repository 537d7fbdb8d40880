import { type ConversationId, limits, type Seq, type UserId } from '@rendezvous/contract'
import { grouped } from '../database/grouped.ts'
import type { Queryable, Statement } from '../database/port.ts'
import type { Conversation } from '../ports/conversations.ts'
import type { Above, RangeQuestion, RangeState, SyncQuestion } from '../ports/sync.ts'
import type { PresenceAudience } from '../ports/visibility.ts'
import { MEMBER_COLUMNS, type MemberRow, memberPerson, toMember } from './groupview.ts'
import { type MessageRow, messageColumns, OTHERS, toMessage, WATERMARKS } from './messageview.ts'
import { type Entry, READ, type Room, takeValues } from './values.ts'

const MEMBERSHIP =
  'JOIN LATERAL (SELECT * FROM membership x WHERE x.conversation_id = q.id AND x.user_id = $1 LIMIT 1) s ON true'
const CONVERSATION = 'JOIN LATERAL (SELECT * FROM conversation x WHERE x.id = q.id LIMIT 1) c ON true'

const PLACES: Statement = {
  name: 'sync_places',
  text: `SELECT q.id, c.last_seq AS head, c.floor_seq AS floor, s.joined_seq AS joined FROM unnest($2::bigint[]) AS q(id)
    ${MEMBERSHIP} ${CONVERSATION} WHERE s.left_seq IS NULL`
}

/** Which rows changed after a value: messages that were never changed by their own seq, others by their last change, and memberships. */
const ENTRIES: Statement = {
  name: 'sync_entries',
  text: `SELECT q.id AS "conversationId", e.* FROM unnest($2::bigint[], $3::int[]) AS q(id, after) ${MEMBERSHIP}
    CROSS JOIN LATERAL (
      (SELECT x.seq AS value, 'message' AS kind, x.seq AS key, 700 + coalesce(octet_length(x.content), 0) AS bytes FROM message x
        WHERE x.conversation_id = q.id AND x.seq > greatest(q.after, s.visible_from_seq - 1, s.cleared_seq) AND x.changed_seq = x.seq
        ORDER BY x.seq LIMIT $4)
      UNION ALL
      (SELECT x.changed_seq, 'message', x.seq, 700 + coalesce(octet_length(x.content), 0) FROM message x
        WHERE x.conversation_id = q.id AND x.changed_seq > q.after AND x.changed_seq <> x.seq AND x.seq >= s.visible_from_seq AND x.seq > s.cleared_seq
        ORDER BY x.changed_seq, x.seq LIMIT $4)
      UNION ALL
      (SELECT x.changed_seq, 'member', x.user_id, 500 + (SELECT octet_length(p.bio) FROM person p WHERE p.id = x.user_id) FROM membership x
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

interface Place {
  readonly id: ConversationId
  readonly head: Seq
  readonly floor: Seq
  readonly joined: Seq
}

interface EntryRow extends Entry {
  readonly conversationId: ConversationId
}
type MessageRowOrGone = MessageRow & { readonly gone: boolean | null }
type MemberRowOrLeft = MemberRow & { readonly conversationId: ConversationId; readonly left: boolean }

/** A range, and how far an answer takes it; `shown` is false where nothing of it fits. */
type Course =
  | { readonly status: 'gone' | 'restart' | 'above' }
  | { readonly status: 'unread'; readonly after: Seq; readonly head: Seq }
  | {
      readonly status: 'ok'
      readonly head: Seq
      readonly position: Seq
      readonly entries: readonly Entry[]
      readonly shown: boolean
    }

/** What was read of ranges, still without their conversations. */
export interface ReadRanges {
  readonly status: 'ok'
  /** Those to show. */
  readonly ids: readonly ConversationId[]
  answer(viewOf: (id: ConversationId) => Conversation | null): RangeState[]
}

/** What changed in `ranges`, as much as fits. */
export async function readRanges(
  snapshot: Queryable,
  { userId, ranges, limit }: Pick<SyncQuestion, 'userId' | 'ranges' | 'limit'>,
  audience: PresenceAudience
): Promise<ReadRanges | Above> {
  const begun = await place(snapshot, userId, ranges, limit)
  const above = ranges.filter((_, index) => begun[index]?.status === 'above').map(range => range.conversationId)
  if (above.length > 0) return { status: 'above', conversationIds: above }

  const courses = await follow(snapshot, userId, ranges, begun, limit)
  const taken = ranges.flatMap(({ conversationId }, index) => {
    const course = courses[index]
    return course?.status === 'ok' ? course.entries.map(entry => ({ ...entry, conversationId })) : []
  })
  const messages = grouped(await readMessages(snapshot, userId, taken), row => row.m_conversation_id)
  const members = grouped(await readMembers(snapshot, userId, taken, audience), row => row.conversationId)
  return {
    status: 'ok',
    ids: ranges.filter((_, index) => isShown(courses[index])).map(range => range.conversationId),
    answer: viewOf =>
      ranges.map(({ conversationId: id }, index) =>
        toState(courses[index], messages.get(id) ?? [], members.get(id) ?? [], () => viewOf(id))
      )
  }
}

/** What can be said of each range without its rows. Ranges beyond as many values as entries may be answered wait for the next sync. */
async function place(
  snapshot: Queryable,
  userId: UserId,
  ranges: readonly RangeQuestion[],
  limit: number
): Promise<Course[]> {
  if (ranges.length === 0) return []
  const places = await snapshot.query<Place>(PLACES, [userId, ranges.map(range => range.conversationId)])
  const of = new Map(places.map(each => [each.id, each]))
  let values = 0
  return ranges.map(({ conversationId, after }): Course => {
    const found = of.get(conversationId)
    if (found === undefined) return { status: 'gone' }
    const { head, floor, joined } = found
    if (after > head) return { status: 'above' }
    if (after < floor || head - after > limits.syncBehind || (after > 0 && joined > after)) return { status: 'restart' }
    if (after === head) return { status: 'ok', head, position: head, entries: [], shown: true }
    const waits = values >= limit
    values += head - after
    return waits ? waiting(head, after) : { status: 'unread', after, head }
  })
}

/** Reads the rows of those that are unread, and takes of them what fits. */
async function follow(
  snapshot: Queryable,
  userId: UserId,
  ranges: readonly RangeQuestion[],
  courses: readonly Course[],
  limit: number
): Promise<Course[]> {
  const unread = ranges.filter((_, index) => courses[index]?.status === 'unread')
  if (unread.length === 0) return [...courses]
  const columns = [unread.map(range => range.conversationId), unread.map(range => range.after)]
  const rows = grouped(await snapshot.query<EntryRow>(ENTRIES, [userId, ...columns, READ]), row => row.conversationId)
  const room: Room = { entries: limit, bytes: limits.syncBytes, empty: true }
  return ranges.map(({ conversationId }, index): Course => {
    const course = courses[index] ?? { status: 'gone' }
    if (course.status !== 'unread') return course
    const taken = takeValues(rows.get(conversationId) ?? [], room)
    if (taken === null) return { status: 'restart' }
    const { head, after } = course
    const position = taken.upTo ?? head
    if (position === after) return waiting(head, after)
    return { status: 'ok', head, position, entries: taken.entries, shown: true }
  })
}

type Taken = Entry & Pick<EntryRow, 'conversationId'>

async function readMessages(snapshot: Queryable, userId: UserId, taken: readonly Taken[]): Promise<MessageRowOrGone[]> {
  const messages = taken.filter(({ kind }) => kind === 'message')
  if (messages.length === 0) return []
  return snapshot.query(MESSAGES, [userId, ...keysOf(messages)])
}

async function readMembers(
  snapshot: Queryable,
  userId: UserId,
  taken: readonly Taken[],
  audience: PresenceAudience
): Promise<MemberRowOrLeft[]> {
  const members = taken.filter(({ kind }) => kind === 'member')
  if (members.length === 0) return []
  return snapshot.query(MEMBERS, [userId, ...keysOf(members), audience === 'everyone'])
}

function keysOf(taken: readonly Taken[]) {
  return [taken.map(row => row.conversationId), taken.map(row => row.key)]
}

function waiting(head: Seq, position: Seq): Course {
  return { status: 'ok', head, position, entries: [], shown: false }
}

function isShown(course: Course | undefined): boolean {
  return course?.status === 'ok' && course.shown
}

function toState(
  course: Course | undefined,
  messages: readonly MessageRowOrGone[],
  members: readonly MemberRowOrLeft[],
  view: () => Conversation | null
): RangeState {
  if (course?.status !== 'ok') return { status: course?.status === 'restart' ? 'restart' : 'gone' }
  const { position, head, shown } = course
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
