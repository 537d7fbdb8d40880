import { type ConversationId, roleRanks, type Seq, type UserId } from '@rendezvous/contract'
import { grouped } from '../../database/grouped.ts'
import type { Database, Queryable, Statement } from '../../database/port.ts'
import { type MessageRow, messageColumns, pair, toMessage } from '../messages/rows.ts'
import type { Change, ChangeBase, Changes, Range } from './port.ts'

const CONVERSATIONS: Statement = {
  name: 'changes_conversations',
  text: `SELECT c.id, c.user_low AS "userLow", c.user_high AS "userHigh", c.created_by AS "createdBy", c.created_at AS "createdAt",
      c.changed_at AS "changedAt", c.title, c.last_seq AS "lastSeq", c.members_seq AS "membersSeq",
      c.member_count AS "memberCount"
    FROM unnest($1::bigint[]) AS o(id) JOIN LATERAL (SELECT * FROM conversation x WHERE x.id = o.id LIMIT 1) c ON true`
}

/** Members who joined or left within the ranges, even when they left or came back since; and the present owner. */
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
  readonly memberCount: number
}

interface MemberRow {
  readonly conversationId: ConversationId
  readonly userId: UserId
  readonly role: number
  readonly joinedSeq: Seq
  readonly leftSeq: Seq | null
}

/** The rows of a conversation from which its changes are read back, by seq. */
interface ReadConversation {
  readonly conversation: ConversationRow
  readonly messages: ReadonlyMap<Seq, MessageRow>
  readonly joined: ReadonlyMap<Seq, readonly MemberRow[]>
  readonly left: ReadonlyMap<Seq | null, readonly MemberRow[]>
  /** The present owner of the group. */
  readonly ownerId: UserId | null
}

/** Reads changes of conversations from `database`, with three statements a call. */
export function changesIn(database: Database): Changes {
  return {
    read: async ranges => (ranges.length === 0 ? [] : database.snapshot(snapshot => readChanges(snapshot, ranges)))
  }
}

async function readChanges(database: Queryable, ranges: readonly Range[]): Promise<Change[]> {
  const ids = ranges.map(range => range.conversationId)
  const bounds = [ids, ranges.map(range => range.fromSeq), ranges.map(range => range.toSeq)]
  const conversations = await database.query<ConversationRow>(CONVERSATIONS, [[...new Set(ids)]])
  const members = grouped(await database.query<MemberRow>(MEMBERS, bounds), row => row.conversationId)
  const messages = grouped(await database.query<MessageRow>(MESSAGES, bounds), row => row.m_conversation_id)
  const known = new Map(
    conversations.map(conversation => {
      const { id } = conversation
      return [id, conversationOf(conversation, messages.get(id) ?? [], members.get(id) ?? [])]
    })
  )
  return ranges.flatMap(range => changesOf(range, known.get(range.conversationId)))
}

function conversationOf(
  conversation: ConversationRow,
  messages: readonly MessageRow[],
  members: readonly MemberRow[]
): ReadConversation {
  const isOwner = ({ role, leftSeq }: MemberRow) => role === roleRanks.owner && leftSeq === null
  return {
    conversation,
    messages: new Map(messages.map(row => [row.m_seq, row])),
    joined: grouped(members, row => row.joinedSeq),
    left: grouped(members, row => row.leftSeq),
    ownerId: members.find(isOwner)?.userId ?? null
  }
}

function changesOf(range: Range, known: ReadConversation | undefined): Change[] {
  if (known === undefined) return []
  const last = Math.min(range.toSeq, known.conversation.lastSeq)
  const changes: Change[] = []
  for (let seq = Math.max(range.fromSeq, 1); seq <= last; seq++) changes.push(changeAt(seq as Seq, known))
  return changes
}

function changeAt(seq: Seq, known: ReadConversation): Change {
  const { conversation, messages } = known
  const at = conversation.changedAt
  const base = (first?: UserId) => ({
    conversationId: conversation.id,
    seq,
    memberIds: pair(first, conversation.userLow, conversation.userHigh),
    membersSeq: conversation.membersSeq,
    memberCount: conversation.memberCount
  })
  if (seq === 1) return created(base(conversation.createdBy), known)

  const joined = (known.joined.get(seq) ?? []).map(({ userId }) => userId)
  const row = messages.get(seq)
  const message = row === undefined ? null : toMessage(row)
  if (message !== null) return { type: 'message_created', ...base(message.senderId), message, rejoinedIds: joined }

  const left = known.left.get(seq) ?? []
  const first = left[0]?.userId ?? joined[0]
  if (first === undefined) return { type: 'superseded', ...base(), at }

  // the system message at the next seq has the actor as its sender
  const by = messages.get((seq + 1) as Seq)?.m_sender_id ?? first
  if (left.length === 0) return { type: 'member_joined', ...base(first), userIds: joined, by, at }
  const ownerLeft = left.some(({ role }) => role === roleRanks.owner)
  const userIds = left.map(({ userId }) => userId)
  return { type: 'member_left', ...base(first), userIds, by, ownerId: ownerLeft ? known.ownerId : null, at }
}

/** A group's first members who left and joined again later are missing: their membership has a new `joined_seq`. */
function created(base: ChangeBase, { conversation, joined }: ReadConversation): Change {
  const userIds = base.memberIds ?? (joined.get(1 as Seq) ?? []).map(({ userId }) => userId)
  return {
    type: 'conversation_created',
    ...base,
    title: conversation.title,
    userIds: [...userIds].sort((a, b) => a - b),
    by: conversation.createdBy,
    at: conversation.createdAt
  }
}
