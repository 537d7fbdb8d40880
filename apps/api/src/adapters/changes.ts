import { type ConversationId, roleRanks, type Seq, type UserId } from '@rendezvous/contract'
import { grouped } from '../database/grouped.ts'
import type { Queryable, Statement } from '../database/port.ts'
import type { Change, Placed } from '../ports/changes.ts'
import { type MessageRow, messageColumns, pair, toMessage } from './messageview.ts'

const CONVERSATIONS: Statement = {
  name: 'changes_conversations',
  text: `SELECT c.id, c.user_low AS "userLow", c.user_high AS "userHigh", c.created_by AS "createdBy", c.created_at AS "createdAt",
      c.changed_at AS "changedAt", c.title, c.last_seq AS "lastSeq", c.members_seq AS "membersSeq"
    FROM unnest($1::bigint[]) AS o(id) JOIN LATERAL (SELECT * FROM conversation x WHERE x.id = o.id LIMIT 1) c ON true`
}

/** Who came or went in the ranges, whatever became of him since, and who owns the group now. */
const MEMBERS: Statement = {
  name: 'changes_members',
  text: `SELECT s.conversation_id AS "conversationId", s.user_id AS "userId", s.role, s.joined_seq AS "joinedSeq", s.left_seq AS "leftSeq"
    FROM (SELECT id, min(from_seq) AS a, max(to_seq) AS z FROM unnest($1::bigint[], $2::int[], $3::int[]) AS u(id, from_seq, to_seq) GROUP BY id) r
    JOIN LATERAL (SELECT * FROM membership x WHERE x.conversation_id = r.id AND (x.joined_seq BETWEEN r.a AND r.z OR x.left_seq BETWEEN r.a AND r.z
      OR x.role = ${roleRanks.owner} AND x.left_seq IS NULL) ORDER BY x.user_id LIMIT 10000) s ON true`
}

const MESSAGES: Statement = {
  name: 'changes_messages',
  text: `SELECT ${messageColumns('NULL')}
    FROM unnest($1::bigint[], $2::int[], $3::int[]) AS r(id, from_seq, to_seq)
    JOIN LATERAL (SELECT * FROM conversation x WHERE x.id = r.id LIMIT 1) c ON true
    JOIN LATERAL (SELECT * FROM message x WHERE x.conversation_id = r.id AND x.seq BETWEEN r.from_seq AND r.to_seq AND x.deleted_at IS NULL
      ORDER BY x.seq LIMIT 1001) m ON true
    LEFT JOIN LATERAL (SELECT x.delivered_seq, x.read_seq FROM membership x WHERE x.conversation_id = r.id
      AND x.user_id = CASE m.sender_id WHEN c.user_low THEN c.user_high ELSE c.user_low END LIMIT 1) w ON true`
}

/** Values of one conversation's sequence, both ends included. */
export interface Range {
  readonly conversationId: ConversationId
  readonly fromSeq: Seq
  readonly toSeq: Seq
}

interface ConversationRow {
  readonly id: ConversationId
  readonly userLow: UserId | null
  readonly userHigh: UserId | null
  readonly createdBy: UserId
  readonly createdAt: Date
  readonly changedAt: Date
  readonly title: string
  readonly lastSeq: Seq
  readonly membersSeq: Seq
}

interface MemberRow {
  readonly conversationId: ConversationId
  readonly userId: UserId
  readonly role: number
  readonly joinedSeq: Seq
  readonly leftSeq: Seq | null
}

/** What is known of a conversation's values, by seq. */
interface Known {
  readonly conversation: ConversationRow
  readonly messages: ReadonlyMap<Seq, MessageRow>
  readonly joined: ReadonlyMap<Seq, readonly MemberRow[]>
  readonly left: ReadonlyMap<Seq | null, readonly MemberRow[]>
  /** Who owns the group now. */
  readonly ownerId: UserId | null
}

/** The changes of several ranges, 1,000 values each at most, three statements for all; in the order of the ranges, ascending within each: one for
 *  each value that was given out, none where the conversation is absent. Facts are those of now: a message edited since carries its new text. */
export async function readChanges(database: Queryable, ranges: readonly Range[]): Promise<Change[]> {
  if (ranges.length === 0) return []
  const ids = ranges.map(range => range.conversationId)
  const bounds = [ids, ranges.map(range => range.fromSeq), ranges.map(range => range.toSeq)]
  const conversations = await database.query<ConversationRow>(CONVERSATIONS, [[...new Set(ids)]])
  const members = grouped(await database.query<MemberRow>(MEMBERS, bounds), row => row.conversationId)
  const messages = grouped(await database.query<MessageRow>(MESSAGES, bounds), row => row.m_conversation_id)
  const known = new Map(
    conversations.map(conversation => {
      const { id } = conversation
      return [id, knownOf(conversation, messages.get(id) ?? [], members.get(id) ?? [])]
    })
  )
  return ranges.flatMap(range => changesOf(range, known.get(range.conversationId)))
}

function knownOf(conversation: ConversationRow, messages: readonly MessageRow[], members: readonly MemberRow[]): Known {
  const isOwner = ({ role, leftSeq }: MemberRow) => role === roleRanks.owner && leftSeq === null
  return {
    conversation,
    messages: new Map(messages.map(row => [row.m_seq, row])),
    joined: grouped(members, row => row.joinedSeq),
    left: grouped(members, row => row.leftSeq),
    ownerId: members.find(isOwner)?.userId ?? null
  }
}

function changesOf(range: Range, known: Known | undefined): Change[] {
  if (known === undefined) return []
  const last = Math.min(range.toSeq, known.conversation.lastSeq)
  const changes: Change[] = []
  for (let seq = Math.max(range.fromSeq, 1); seq <= last; seq++) changes.push(changeAt(seq as Seq, known))
  return changes
}

function changeAt(seq: Seq, known: Known): Change {
  const { conversation, messages } = known
  const at = conversation.changedAt
  const placed = (first?: UserId) => ({
    conversationId: conversation.id,
    seq,
    memberIds: pair(first, conversation.userLow, conversation.userHigh),
    membersSeq: conversation.membersSeq
  })
  if (seq === 1) return created(placed(conversation.createdBy), known)

  const joined = (known.joined.get(seq) ?? []).map(({ userId }) => userId)
  const row = messages.get(seq)
  const message = row === undefined ? null : toMessage(row)
  if (message !== null) return { type: 'message_created', ...placed(message.senderId), message, rejoinedIds: joined }

  const left = known.left.get(seq) ?? []
  const first = left[0]?.userId ?? joined[0]
  if (first === undefined) return { type: 'superseded', ...placed(), at }

  const by = messages.get((seq + 1) as Seq)?.m_sender_id ?? first // what the server says of it under the next value
  if (left.length === 0) return { type: 'member_joined', ...placed(first), userIds: joined, by, at }
  const ownerLeft = left.some(({ role }) => role === roleRanks.owner)
  const userIds = left.map(({ userId }) => userId)
  return { type: 'member_left', ...placed(first), userIds, by, ownerId: ownerLeft ? known.ownerId : null, at }
}

/** Of a group's first members those are known who have not come anew since. */
function created(placed: Placed, { conversation, joined }: Known): Change {
  const userIds = placed.memberIds ?? (joined.get(1 as Seq) ?? []).map(({ userId }) => userId)
  return {
    type: 'conversation_created',
    ...placed,
    title: conversation.title,
    userIds: [...userIds].sort((a, b) => a - b),
    by: conversation.createdBy,
    at: conversation.createdAt
  }
}
