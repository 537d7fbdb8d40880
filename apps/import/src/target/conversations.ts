import type { Statement, Transaction } from '@rendezvous/api'
import { type ConversationId, limits, roleRanks, type UserId } from '@rendezvous/contract'

/** A conversation's creation has seq 1, as everywhere. Leaving a direct conversation has seq 2. Notes to oneself have
 *  one member. */
const MAKE_DIRECT: Statement = {
  name: 'import_direct_make',
  text: `WITH wanted AS (SELECT r.*, CASE WHEN r.gone IS NULL THEN 1 ELSE 2 END AS seq
      FROM unnest($1::int[], $2::int[], $3::int[], $4::timestamptz[], $5::int[], $6::bigint[]) AS r(low, high, creator, at, gone, id)),
    made AS (
      INSERT INTO conversation (id, kind, user_low, user_high, created_by, created_at, active_at, last_seq, members_seq, member_count)
      SELECT w.id, 1, w.low, w.high, w.creator, coalesce(w.at, now()), coalesce(w.at, now()), w.seq, w.seq,
        CASE w.low WHEN w.high THEN 1 ELSE 3 - w.seq END
      FROM wanted w ORDER BY w.low, w.high
      ON CONFLICT (user_low, user_high) DO NOTHING RETURNING id, user_low, user_high, created_at)
    INSERT INTO membership (conversation_id, user_id, joined_at, changed_seq, joined_seq, visible_from_seq, left_seq)
    SELECT m.id, u.id, m.created_at, CASE WHEN u.id = w.gone THEN 2 ELSE 1 END, 1, 1, CASE WHEN u.id = w.gone THEN 2 END
    FROM made m JOIN wanted w ON w.low = m.user_low AND w.high = m.user_high
      CROSS JOIN LATERAL (SELECT m.user_low AS id UNION SELECT m.user_high) u
    RETURNING conversation_id AS id`
}
const FIND_DIRECT: Statement = {
  name: 'import_direct_find',
  text: `SELECT r.low, r.high, c.id FROM unnest($1::int[], $2::int[]) AS r(low, high)
    JOIN LATERAL (SELECT x.id FROM conversation x WHERE x.user_low = r.low AND x.user_high = r.high LIMIT 1) c ON true`
}
const NEW_IDS: Statement = {
  name: 'import_new_ids',
  text: 'SELECT new_id() AS id FROM generate_series(1, $1::int)'
}
const MAKE_GROUPS: Statement = {
  name: 'import_groups_make',
  text: `INSERT INTO conversation (id, kind, title, created_by, created_at, active_at, last_seq, members_seq, info_seq, member_count)
    SELECT r.id, 2, r.title, r.creator, coalesce(r.at, now()), coalesce(r.at, now()), 1, 1, 1, r.members
    FROM unnest($1::bigint[], $2::text[], $3::int[], $4::timestamptz[], $5::int[]) AS r(id, title, creator, at, members)`
}
const JOIN: Statement = {
  name: 'import_groups_join',
  text: `INSERT INTO membership (conversation_id, user_id, role, joined_at, changed_seq, joined_seq, visible_from_seq)
    SELECT r.id, r.person, r.role, coalesce(r.at, now()), r.seq, r.seq, 1
    FROM unnest($1::bigint[], $2::int[], $3::int[], $4::timestamptz[], $5::int[]) AS r(id, person, role, at, seq)`
}
const LOCK: Statement = {
  name: 'import_conversations_lock',
  text: 'SELECT id FROM conversation WHERE id = ANY ($1::bigint[]) ORDER BY id FOR NO KEY UPDATE'
}
/** The people who never were in their group, with the number of its members. */
const NEW_MEMBERS: Statement = {
  name: 'import_groups_new_members',
  text: `SELECT r.id, r.person, c.member_count AS members FROM unnest($1::bigint[], $2::int[]) WITH ORDINALITY AS r(id, person, ord)
    JOIN LATERAL (SELECT x.member_count FROM conversation x WHERE x.id = r.id AND x.kind = 2 LIMIT 1) c ON true
    WHERE NOT EXISTS (SELECT 1 FROM membership x WHERE x.conversation_id = r.id AND x.user_id = r.person) ORDER BY r.ord`
}
/** Adds an outbox row for each new seq, as `group_add` does. */
const ADD_MEMBERS: Statement = {
  name: 'import_groups_add',
  text: `WITH grown AS (
      UPDATE conversation c SET last_seq = c.last_seq + 1, members_seq = c.last_seq + 1, member_count = c.member_count + r.by,
        changed_at = clock_timestamp()
      FROM unnest($1::bigint[], $2::int[]) AS r(id, by) WHERE c.id = r.id AND c.kind = 2 RETURNING c.id, c.last_seq AS seq),
    owed AS (INSERT INTO outbox (streams, from_seqs, to_seqs) SELECT ARRAY[g.id], ARRAY[g.seq], ARRAY[g.seq] FROM grown g)
    SELECT id, seq FROM grown`
}
/** The number of groups that each person is in, at most $2, counted as `refused_members` does. */
const COUNT_GROUPS: Statement = {
  name: 'import_groups_count',
  text: `SELECT o.id AS person, (SELECT count(*)::int FROM (SELECT 1 FROM membership m
      JOIN LATERAL (SELECT 1 FROM conversation x WHERE x.id = m.conversation_id AND x.kind = 2 LIMIT 1) c ON true
      WHERE m.user_id = o.id AND m.left_seq IS NULL LIMIT $2) r) AS rooms
    FROM unnest($1::int[]) AS o(id)`
}
/** A direct conversation, to be created when the two people have none. Notes to oneself have the same person twice. */
export interface NewDirect {
  readonly id: ConversationId
  readonly low: UserId
  readonly high: UserId
  readonly createdBy: UserId
  /** Null for now. */
  readonly createdAt: Date | null
  /** The person who has left it; null when both are in it. */
  readonly gone: UserId | null
}

/** A group to be created. */
export interface NewGroup {
  readonly id: ConversationId
  readonly title: string
  readonly ownerId: UserId
  readonly memberIds: readonly UserId[]
  /** Null for now. */
  readonly createdAt: Date | null
}

/** The key of two people's conversation in the answer of `openDirects`. */
export function pairKey(low: UserId, high: UserId): string {
  return `${low} ${high}`
}

/** Creates the direct conversations that are missing. Answers the ids of all of them by `pairKey`, and how many
 *  conversations and memberships it made. Each pair may occur once. */
export async function openDirects(on: Transaction, directs: readonly NewDirect[]) {
  const [low, high] = [directs.map(each => each.low), directs.map(each => each.high)]
  const joined = await on.query<{ id: ConversationId }>(MAKE_DIRECT, [
    low,
    high,
    directs.map(({ createdBy }) => createdBy),
    directs.map(({ createdAt }) => createdAt?.toISOString() ?? null),
    directs.map(({ gone }) => gone),
    directs.map(({ id }) => id)
  ])
  type Row = { readonly low: UserId; readonly high: UserId; readonly id: ConversationId }
  const rows = await on.query<Row>(FIND_DIRECT, [low, high])
  return {
    ids: new Map(rows.map(row => [pairKey(row.low, row.high), row.id])),
    made: new Set(joined.map(({ id }) => id)).size,
    members: joined.length
  }
}

/** Makes `count` conversation ids, ascending. Lists sort by id when two conversations changed at the same time. */
export async function newConversationIds(on: Transaction, count: number): Promise<ConversationId[]> {
  const rows = await on.query<{ id: ConversationId }>(NEW_IDS, [count])
  return rows.map(({ id }) => id)
}

/** Creates groups with their members. */
export async function makeGroups(on: Transaction, groups: readonly NewGroup[]): Promise<void> {
  const timeOf = ({ createdAt }: NewGroup) => createdAt?.toISOString() ?? null
  await on.query(MAKE_GROUPS, [
    groups.map(({ id }) => id),
    groups.map(({ title }) => title),
    groups.map(({ ownerId }) => ownerId),
    groups.map(timeOf),
    groups.map(({ memberIds }) => memberIds.length)
  ])
  const members = groups.flatMap(group =>
    group.memberIds.map(person => ({
      ...{ id: group.id, person, role: person === group.ownerId ? roleRanks.owner : roleRanks.member },
      ...{ at: timeOf(group), seq: 1 }
    }))
  )
  await join(on, members)
}

/** A person to be added to a group. */
export interface NewMember {
  readonly id: ConversationId
  readonly person: UserId
}

/** Locks groups. Answers those of `newMembers` who never were in their group, in the given order, with the number of
 *  its `members`. A direct conversation gets no new member. */
export async function lockForNewMembers<J extends NewMember>(on: Transaction, newMembers: readonly J[]) {
  await lockConversations(
    on,
    newMembers.map(({ id }) => id)
  )
  const columns = [newMembers.map(({ id }) => id), newMembers.map(({ person }) => person)]
  const rows = await on.query<NewMember & { members: number }>(NEW_MEMBERS, columns)
  const members = new Map(rows.map(row => [`${row.id} ${row.person}`, row.members]))
  return newMembers.flatMap(newMember => {
    const count = members.get(`${newMember.id} ${newMember.person}`)
    return count === undefined ? [] : [{ ...newMember, members: count }]
  })
}

/** Adds people to locked groups in which they never were. Each group takes one seq and one outbox row. New members see
 *  the whole history. */
export async function addMembers(on: Transaction, newMembers: readonly NewMember[]): Promise<void> {
  const by = new Map<ConversationId, number>()
  for (const { id } of newMembers) by.set(id, (by.get(id) ?? 0) + 1)
  const rows = await on.query<{ id: ConversationId; seq: number }>(ADD_MEMBERS, [[...by.keys()], [...by.values()]])
  const seqs = new Map(rows.map(({ id, seq }) => [id, seq]))
  await join(
    on,
    newMembers.map(({ id, person }) => ({ id, person, role: roleRanks.member, at: null, seq: seqs.get(id) ?? 0 }))
  )
}

/** The number of groups that each of `people` is in, at most `limits.roomsPerPerson`. */
export async function countGroups(on: Transaction, people: Iterable<UserId>): Promise<Map<UserId, number>> {
  const rows = await on.query<{ person: UserId; rooms: number }>(COUNT_GROUPS, [
    [...new Set(people)],
    limits.roomsPerPerson
  ])
  return new Map(rows.map(({ person, rooms }) => [person, rooms]))
}

/** Locks conversations in ascending order, as every writer does. */
export async function lockConversations(on: Transaction, ids: Iterable<ConversationId>): Promise<void> {
  await on.query(LOCK, [[...new Set(ids)]])
}

interface Joining {
  readonly id: ConversationId
  readonly person: UserId
  readonly role: number
  readonly at: string | null
  readonly seq: number
}

async function join(on: Transaction, members: readonly Joining[]): Promise<void> {
  await on.query(JOIN, [
    members.map(({ id }) => id),
    members.map(({ person }) => person),
    members.map(({ role }) => role),
    members.map(({ at }) => at),
    members.map(({ seq }) => seq)
  ])
}
