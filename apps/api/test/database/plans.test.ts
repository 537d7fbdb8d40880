import { randomUUID } from 'node:crypto'
import type { ConversationId, MessageId, Seq, UserId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { outboxIn } from '../../src/announce/outbox/adapter.ts'
import { personalStreamsIn, readStretch } from '../../src/announce/personal/adapter.ts'
import { auditIn } from '../../src/audit/adapter.ts'
import { changesIn } from '../../src/chat/changes/adapter.ts'
import { conversationsIn } from '../../src/chat/conversations/adapter.ts'
import { groupsIn } from '../../src/chat/groups/adapter.ts'
import { messageChangesIn } from '../../src/chat/message-changes/adapter.ts'
import { messagesIn } from '../../src/chat/messages/adapter.ts'
import type { Draft } from '../../src/chat/messages/port.ts'
import { receiptsIn } from '../../src/chat/receipts/adapter.ts'
import { searchIn } from '../../src/chat/search/adapter.ts'
import { syncIn } from '../../src/chat/sync/adapter.ts'
import { wordlessMessagesIn } from '../../src/chat/words/adapter.ts'
import { migrate } from '../../src/database/migrate.ts'
import type { Database } from '../../src/database/port.ts'
import { databaseAddresses } from '../../src/people/addresses/adapter.ts'
import { directoryIn } from '../../src/people/directory/adapter.ts'
import { oldHashesIn } from '../../src/people/old-hashes/adapter.ts'
import { peopleSearchIn } from '../../src/people/search/adapter.ts'
import { databaseSessions } from '../../src/people/sessions/adapter.ts'
import { databaseUsers } from '../../src/people/users/adapter.ts'
import { visibilityIn } from '../../src/people/visibility/adapter.ts'
import { createDatabase, needsServer } from './engines.ts'
import { type Scan, type Watched, watch } from './plans.ts'

const PEOPLE = 20_000
/** Most rows of one table that a statement may read. Unread counts read at most 5,000 messages of a conversation. */
const ROWS = 6_000
/** Tables that are read from their oldest row on, which needs no index condition. */
const QUEUES = ['outbox', 'audit']

const [ANN, BOB, EVE] = [1 as UserId, 2 as UserId, 3 as UserId]
/** ANN and BOB's conversation, which has many messages, and a group of ANN's, which has many members. */
const HOT = 1_000 as ConversationId
const ROOM = 999 as ConversationId

const ADD_PEOPLE = `
  INSERT INTO person (username, password_hash)
    SELECT 'user' || i, CASE WHEN i % 2 = 0 THEN 'x' ELSE 'pbkdf2_sha256$' || i % 7 || '$salt$key' END FROM generate_series(1, ${PEOPLE}) i;
  INSERT INTO block (blocker_id, blocked_id) SELECT i, i + 7 FROM generate_series(1, ${PEOPLE} - 7) i;
  INSERT INTO login_key (key, user_id) SELECT username, id FROM person ON CONFLICT DO NOTHING;
  INSERT INTO person_search (key, user_id) SELECT username, id FROM person ON CONFLICT DO NOTHING;
  INSERT INTO audit (action, subject_kind, subject_id) SELECT 'login_failed', 'user', id FROM person;
  UPDATE person SET search_keys = 1 WHERE search_keys = 0;
  INSERT INTO session (id, user_id, user_agent, ip) SELECT gen_random_uuid(), id, '', '' FROM person;
  INSERT INTO personal_event (user_id, seq, kind, payload) SELECT id, s, 'session_started', '{}' FROM person, generate_series(1, 3) s
    WHERE stream_seq = 0;
  UPDATE person SET stream_seq = 3 WHERE stream_seq = 0;
  INSERT INTO retired_token (jti, session_id, expires_at) SELECT gen_random_uuid(), id, now() + interval '1 day' FROM session;`

/** Conversations of five messages: ANN's with 500 people, then of each person with the next one. */
function addConversations(first: number, last: number): string {
  return `
  INSERT INTO conversation (id, kind, user_low, user_high, created_by, last_seq, members_seq, member_count)
    SELECT ${HOT} + i, 1, CASE WHEN i < 500 THEN 1 ELSE i - 497 END, CASE WHEN i < 500 THEN i + 2 ELSE i - 496 END, 1, 6, 1, 2
    FROM generate_series(${first}, ${last}) i;
  INSERT INTO membership (conversation_id, user_id, changed_seq, visible_from_seq)
    SELECT id, unnest(ARRAY[user_low, user_high]), 1, 1 FROM conversation WHERE kind = 1 AND id >= ${HOT + first};
  INSERT INTO message (conversation_id, seq, changed_seq, number, id, sender_id, client_id, kind, content, words)
    SELECT c.id, s, s, s - 1, new_id(), c.user_high, gen_random_uuid(), 1, 'hello', '''hello'':1' FROM conversation c, generate_series(2, 6) s
    WHERE c.kind = 1 AND c.id >= ${HOT + first};`
}

/** Messages between ANN and BOB, after the existing ones. Half of them have no words yet. */
function addMessages(count: number): string {
  return `
  INSERT INTO message (conversation_id, seq, changed_seq, number, id, sender_id, client_id, kind, content, words)
    SELECT c.id, c.last_seq + i, c.last_seq + i, c.last_seq + i - 1, (i::bigint << 20) + 1, 1 + i % 2, gen_random_uuid(), 1, 'hello',
      CASE WHEN i % 2 = 0 THEN '''hello'':1'::tsvector END
    FROM conversation c, generate_series(1, ${count}) i WHERE c.id = ${HOT};
  UPDATE conversation SET last_seq = last_seq + ${count}, message_count = last_seq + ${count} - 1 WHERE id = ${HOT};`
}

/** A group of ANN's with the most members allowed, who joined a hundred at a time. */
const ADD_ROOM = `
  INSERT INTO conversation (id, kind, created_by, last_seq, members_seq, member_count) VALUES (${ROOM}, 2, 1, 200, 200, 10000);
  INSERT INTO membership (conversation_id, user_id, changed_seq, joined_seq)
    SELECT ${ROOM}, i, 2 * (i / 100) + 1, 2 * (i / 100) + 1 FROM generate_series(1, 10000) i;`

/** Runs every statement that requests run. */
async function useAll({ database, prisma }: Watched, id: ConversationId): Promise<void> {
  await useAccounts(database, prisma)
  await useConversations(database, id)
  await useMessages(database, id)
  await useGroups(database)
}

async function useAccounts(database: Database, prisma: Watched['prisma']): Promise<void> {
  const [users, sessions] = [databaseUsers(database, prisma), databaseSessions(database)]
  const username = randomUUID()
  const saved = await users.register({ username, email: `${username}@example.org`, passwordHash: 'x' })
  const userId = saved.ok ? saved.profile.id : EVE
  await users.findCredentials({ login: username })
  await users.findCredentials({ userId })
  await databaseAddresses(database).knows(userId, '192.0.2.1')
  await oldHashesIn(database).costs()
  await oldHashesIn(database).renew(userId, 'x', 'x')
  await users.findProfile(userId)
  await users.findVisible(userId, BOB)
  await directoryIn(database).page(userId, { limit: 501 })
  await users.update(userId, { username: randomUUID() })
  const peopleSearch = peopleSearchIn(database)
  await peopleSearch.find(userId, { prefix: 'u', limit: 50 })
  await peopleSearch.find(userId, { prefix: 'u', limit: 50, after: { key: 'u5', id: userId } })
  await peopleSearch.index([{ userId, username, firstName: '', lastName: '', findable: true }])
  await auditIn(database).purge({ ageMs: 2 * 86_400_000, limit: 10 })
  await users.saw([{ userId, at: new Date() }])
  const device = { userAgent: '', ip: '' }
  const [sessionId, next] = [randomUUID(), randomUUID()]
  await sessions.create({ id: sessionId, userId, passwordHash: 'x', ...device })
  const parent = { tokenId: randomUUID(), expiresAt: Date.now() + 60_000 }
  await sessions.use({ sessionId, userId, tokenId: randomUUID(), parent })
  await sessions.use({ sessionId, userId, tokenId: randomUUID() })
  await sessions.states([sessionId])
  await sessions.changePassword({
    ...{ userId, currentHash: 'x', newHash: 'y', next: { id: next, ...device } },
    spare: { sessionId, tokenId: randomUUID() }
  })
  await sessions.use({ sessionId: next, userId, tokenId: parent.tokenId })
  await sessions.end(userId, { ids: [next] }, { reason: 'logged_out', ip: '' })
  await sessions.end(userId, { allBut: next }, { reason: 'revoked', ip: '' })
  await sessions.list(userId, { refreshTtlMs: 60_000, limit: 10 })
  await sessions.list(userId, { refreshTtlMs: 60_000, limit: 10, before: { lastUsedAt: new Date(), id: next } })
  await readStretch(database, userId, 1 as Seq, 10)
  await sessions.purge({ refreshTtlMs: 60_000, limit: 10 })
}

async function useConversations(database: Database, id: ConversationId): Promise<void> {
  const [messages, conversations, receipts] = [messagesIn(database), conversationsIn(database), receiptsIn(database)]
  const draft = { conversationId: id, senderId: ANN, clientId: randomUUID(), kind: 1, content: 'x' }
  await messages.append([draft, { ...draft, clientId: randomUUID() }])
  await messages.append([draft])
  await messages.tryAppend([{ ...draft, clientId: randomUUID() }])
  const page = await messages.page(id, BOB, { limit: 50 })
  await messages.page(id, BOB, { limit: 50, afterSeq: 100 as Seq })
  await messages.page(id, BOB, { limit: 50, beforeSeq: 5_000 as Seq })
  const some = page?.messages[0]?.id ?? (1 as MessageId)
  await messages.findForMember(id, some, BOB)
  await messages.locate(id, some, BOB)
  await messages.whereIs(some, BOB)
  await conversations.openDirect(ANN, BOB)
  await conversations.findDirect(BOB, ANN)
  await conversations.listFor(ANN, { limit: 50 })
  await conversations.listFor(ANN, { limit: 50, before: { activeAt: new Date(), id } })
  await conversations.findForMember(id, ANN)
  await groupsIn(database).members(ROOM, ANN, { limit: 50, after: 100 })
  await visibilityIn(database).contacts([ANN, EVE])
  await visibilityIn(database).among([ANN, EVE], [BOB, EVE, 4 as UserId])
  await receipts.advance([{ conversationId: id, userId: BOB, readSeq: 2_000_000_000 as Seq }])
  await receipts.deliver(
    [id, ROOM].map(conversationId => ({ conversationId, userIds: [ANN, BOB], seq: 2_000_000_000 as Seq }))
  )
  await receipts.deliverAll(EVE)
  await changesIn(database).read([{ conversationId: id, fromSeq: 5 as Seq, toSeq: 20 as Seq }])
  await useSync(database, id)
  await conversations.leave(id, BOB)
  await conversations.openDirect(BOB, ANN)
  const outbox = outboxIn(database)
  const owed = await outbox.claim({ olderThanMs: 0, leaseMs: 60_000, limit: 10 })
  await personalStreamsIn(database).read([{ userId: ANN, fromSeq: 1 as Seq, toSeq: 9 as Seq }])
  await outbox.release(owed.map(({ id }) => id))
  await outbox.done(owed.map(({ id }) => id))
  await outbox.expire({ maxAgeMs: 3_600_000, userMaxAgeMs: 3_600_000, limit: 10 })
}

/** Syncs all conversations, those changed since a moment, and one from a seq on. */
async function useSync(database: Database, id: ConversationId): Promise<void> {
  const { read, missed } = syncIn(database, 0)
  await missed([ANN, EVE].map(userId => ({ userId, deafMs: 3_600_000 })))
  await missed([{ userId: ANN, deafMs: 0 }])
  const found = await conversationsIn(database).findForMember(id, ANN)
  const after = Math.max(0, (found?.lastSeq ?? 0) - 9_000) as Seq
  const ranges = [{ conversationId: id, after }]
  const all = await read({ userId: ANN, since: null, ranges, limit: 500 })
  if (all.status !== 'ok' || all.changed === null) throw new Error(all.status)
  const behind = [id, ROOM].map(conversationId => ({ conversationId, after: 1 as Seq }))
  await read({ userId: ANN, since: all.changed.next, ranges: behind, limit: 500 })
}

/** Changes and searches messages. */
async function useMessages(database: Database, id: ConversationId): Promise<void> {
  const [messages, changes, search] = [messagesIn(database), messageChangesIn(database), searchIn(database)]
  const drafts = [
    { conversationId: id, senderId: ANN, clientId: randomUUID(), kind: 1, content: 'rare', mentions: [BOB] }
  ]
  const [answer] = await messages.append(drafts)
  const messageId = answer?.status === 'created' ? answer.id : (1 as MessageId)
  const which = { conversationId: id, actorId: ANN, messageId }
  await messages.append([{ ...drafts[0], senderId: BOB, replyTo: messageId, clientId: randomUUID() } as Draft])
  await changes.edit(which, { content: randomUUID(), mentions: [BOB] })
  await changes.react(which, 'a', true)
  await changes.react({ ...which, actorId: BOB }, 'b', true)
  await changes.react(which, 'a', false)
  await changes.pin(which, true, 1)
  await changes.edits(which, 1)
  await changes.reactions(which, { limit: 10, after: { emoji: '', userId: 0 } })
  await changes.pins(id, BOB)
  await changes.remove(which, 1)
  await search.find({ readerId: BOB, query: "'rare'", text: 'rare', limit: 10 })
  await search.find({ readerId: BOB, query: "'rare'", text: 'rare', conversationId: id, limit: 10 })
  await search.find({ readerId: EVE, query: "'rare':*", text: 'rare', limit: 10 })
  const wordless = wordlessMessagesIn(database)
  await wordless.store(
    (await wordless.list({ conversationId: id, seq: 0 as Seq }, 200)).map(each => ({ ...each, words: '' }))
  )
}

async function useGroups(database: Database): Promise<void> {
  const [groups, conversations] = [groupsIn(database), conversationsIn(database)]
  const draft = { ownerId: ANN, memberIds: [BOB], title: '', history: 'all' as const, clientId: randomUUID() }
  const made = await groups.create(draft)
  await groups.create(draft)
  const id = made.status === 'ok' ? made.id : (1 as ConversationId)
  const act = { conversationId: id, actorId: ANN, requiredRank: 3 }
  await groups.add(act, [EVE])
  await groups.setRole(act, BOB, 'admin')
  await groups.update(act, { title: randomUUID() })
  await groups.members(id, BOB, { limit: 50, after: 0 })
  await conversations.recipients(id, ANN)
  await conversations.rooms([ANN, EVE])
  await conversations.present([{ id, userIds: [ANN, EVE] }])
  await changesIn(database).read([{ conversationId: id, fromSeq: 1 as Seq, toSeq: 9 as Seq }])
  await groups.remove(act, [EVE])
  await conversations.leave(id, ANN)
}

/** Describes the scans that had no index condition. */
function withoutIndex(scans: readonly Scan[]): string[] {
  return scans.filter(({ table, byIndex }) => !byIndex && !QUEUES.includes(table)).map(describe)
}

/** Describes the scans that read more rows than a statement may. */
function excessive(scans: readonly Scan[]): string[] {
  return scans.filter(({ rows }) => rows > ROWS).map(describe)
}

function describe({ query, table, node, rows }: Scan): string {
  return `${node} on ${table}, ${rows} rows: ${query.replaceAll(/\s+/g, ' ').slice(0, 60)}`
}

async function open(t: Test): Promise<{ url: string; watched: () => Watched }> {
  const { url, drop } = await createDatabase()
  const opened: Watched[] = []
  t.teardown(async () => {
    await Promise.all(opened.map(watched => watched.close()))
    await drop()
  })
  const watched = () => {
    const one = watch(url)
    opened.push(one)
    return one
  }
  return { url, watched }
}

await t.test('every statement finds its rows by an index', { ...needsServer(), timeout: 120_000 }, async t => {
  const { watched } = await open(t)
  const early = watched()
  await migrate(early.database)
  early.scans()

  await t.test('on fresh tables, with generic plans', async t => {
    await useAll(early, 1 as ConversationId)
    const scans = early.scans()
    t.same(withoutIndex(scans), [])
    t.ok(scans.length > 100, `${scans.length} scans`)
  })

  await early.database.transaction(transaction =>
    transaction.script(ADD_PEOPLE + addConversations(0, 15_000) + addMessages(200_000) + ADD_ROOM)
  )
  early.scans()

  await t.test('on large tables, with the plans made while they were empty', async t => {
    await useAll(early, HOT)
    const scans = early.scans()
    t.same(withoutIndex(scans), [])
    t.same(excessive(scans), [])
  })

  await t.test('on large tables, with plans made of their statistics', async t => {
    await early.database.query({ name: 'test_analyze', text: 'ANALYZE' })
    const late = watched()
    await useAll(late, HOT)
    const scans = late.scans()
    t.same(withoutIndex(scans), [])
    t.same(excessive(scans), [])
  })
})

await t.test('plans made when tables were small serve large ones', { ...needsServer(), timeout: 120_000 }, async t => {
  const { watched } = await open(t)
  const one = watched()
  const { database, scans } = one
  await migrate(database)
  await database.transaction(transaction => transaction.script(ADD_PEOPLE + addConversations(0, 60)))
  await database.query({ name: 'test_analyze', text: 'ANALYZE' })
  await useAll(one, HOT)

  await database.transaction(transaction => transaction.script(addConversations(61, 5_000) + addMessages(50_000)))
  scans()
  await useAll(one, HOT)

  t.same(excessive(scans()), [])
})
