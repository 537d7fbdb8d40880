import { randomUUID } from 'node:crypto'
import type { ConversationId, MessageId, Seq, UserId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { databaseAddresses } from '../../src/adapters/addresses.ts'
import { readChanges } from '../../src/adapters/changes.ts'
import { conversationsIn } from '../../src/adapters/conversations.ts'
import { groupsIn } from '../../src/adapters/groups.ts'
import { messageChangesIn } from '../../src/adapters/message-changes.ts'
import { messagesIn } from '../../src/adapters/messages.ts'
import { oldHashesIn } from '../../src/adapters/old-hashes.ts'
import { outboxIn } from '../../src/adapters/outbox.ts'
import { readStretch } from '../../src/adapters/personal.ts'
import { receiptsIn } from '../../src/adapters/receipts.ts'
import { searchIn } from '../../src/adapters/search.ts'
import { databaseSessions } from '../../src/adapters/sessions.ts'
import { syncIn } from '../../src/adapters/sync.ts'
import { databaseUsers } from '../../src/adapters/users.ts'
import { visibilityIn } from '../../src/adapters/visibility.ts'
import { migrate } from '../../src/database/migrate.ts'
import type { Database } from '../../src/database/port.ts'
import type { Draft } from '../../src/ports/messages.ts'
import { createDatabase, needsServer } from './engines.ts'
import { type Look, type Watched, watch } from './plans.ts'

const PEOPLE = 20_000
/** No statement may read more rows of one table: unread looks at 5,000 messages of a conversation at most. */
const ROWS = 6_000
/** Taken from its head, oldest first: needs no condition. */
const QUEUES = ['outbox']

const [ANN, BOB, EVE] = [1 as UserId, 2 as UserId, 3 as UserId]
/** What ANN and BOB say a great deal in, and where ANN is one of many. */
const HOT = 1_000 as ConversationId
const ROOM = 999 as ConversationId

const ADD_PEOPLE = `
  INSERT INTO person (username, password_hash)
    SELECT 'user' || i, CASE WHEN i % 2 = 0 THEN 'x' ELSE 'pbkdf2_sha256$' || i % 7 || '$salt$key' END FROM generate_series(1, ${PEOPLE}) i;
  INSERT INTO block (blocker_id, blocked_id) SELECT i, i + 7 FROM generate_series(1, ${PEOPLE} - 7) i;
  INSERT INTO login_key (key, user_id) SELECT username, id FROM person ON CONFLICT DO NOTHING;
  INSERT INTO session (id, user_id, user_agent, ip) SELECT gen_random_uuid(), id, '', '' FROM person;
  INSERT INTO personal_event (user_id, seq, kind, payload) SELECT id, s, 'session_started', '{}' FROM person, generate_series(1, 3) s
    WHERE stream_seq = 0;
  UPDATE person SET stream_seq = 3 WHERE stream_seq = 0;
  INSERT INTO retired_token (jti, session_id, expires_at) SELECT gen_random_uuid(), id, now() + interval '1 day' FROM session;`

/** Conversations of five messages: ANN's with 500 people, then everybody's with his neighbour. */
function addConversations(first: number, last: number): string {
  return `
  INSERT INTO conversation (id, kind, user_low, user_high, created_by, last_seq, members_seq, member_count)
    SELECT ${HOT} + i, 1, CASE WHEN i < 500 THEN 1 ELSE i - 497 END, CASE WHEN i < 500 THEN i + 2 ELSE i - 496 END, 1, 6, 1, 2
    FROM generate_series(${first}, ${last}) i;
  INSERT INTO membership (conversation_id, user_id, changed_seq, visible_from_seq)
    SELECT id, unnest(ARRAY[user_low, user_high]), 1, 1 FROM conversation WHERE kind = 1 AND id >= ${HOT + first};
  INSERT INTO message (conversation_id, seq, changed_seq, number, id, sender_id, client_id, kind, content)
    SELECT c.id, s, s, s - 1, new_id(), c.user_high, gen_random_uuid(), 1, 'hello' FROM conversation c, generate_series(2, 6) s
    WHERE c.kind = 1 AND c.id >= ${HOT + first};`
}

/** Messages between ANN and BOB, after those there are. */
function addMessages(count: number): string {
  return `
  INSERT INTO message (conversation_id, seq, changed_seq, number, id, sender_id, client_id, kind, content)
    SELECT c.id, c.last_seq + i, c.last_seq + i, c.last_seq + i - 1, (i::bigint << 20) + 1, 1 + i % 2, gen_random_uuid(), 1, 'hello'
    FROM conversation c, generate_series(1, ${count}) i WHERE c.id = ${HOT};
  UPDATE conversation SET last_seq = last_seq + ${count}, message_count = last_seq + ${count} - 1 WHERE id = ${HOT};`
}

/** A room of ANN's as full as can be, whose members came a hundred at a time. */
const ADD_ROOM = `
  INSERT INTO conversation (id, kind, created_by, last_seq, members_seq, member_count) VALUES (${ROOM}, 2, 1, 200, 200, 10000);
  INSERT INTO membership (conversation_id, user_id, changed_seq, joined_seq)
    SELECT ${ROOM}, i, 2 * (i / 100) + 1, 2 * (i / 100) + 1 FROM generate_series(1, 10000) i;`

/** Everything that requests ask of the database. */
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
  await users.update(userId, { username: randomUUID() })
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
  await sessions.end(userId, { ids: [next] }, 'logged_out')
  await sessions.end(userId, { allBut: next }, 'revoked')
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
  await conversations.listFor(ANN, { limit: 50, before: { changedAt: new Date(), id } })
  await conversations.findForMember(id, ANN)
  await groupsIn(database).members(ROOM, ANN, { limit: 50, after: 100 })
  await visibilityIn(database).contacts([ANN, EVE])
  await visibilityIn(database).among([ANN, EVE], [BOB, EVE, 4 as UserId])
  await receipts.advance([{ conversationId: id, userId: BOB, readSeq: 2_000_000_000 as Seq }])
  await receipts.deliverAll(EVE)
  await readChanges(database, [{ conversationId: id, fromSeq: 5 as Seq, toSeq: 20 as Seq }])
  await useSync(database, id)
  await conversations.leave(id, BOB)
  await conversations.openDirect(BOB, ANN)
  await outboxIn(database).sweep(0, 10, async () => {})
}

/** All conversations, those since a moment, and one from a value on. */
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

/** Changes of messages, and search. */
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
  await search.find({ readerId: BOB, text: 'rare', limit: 10 })
  await search.find({ readerId: BOB, text: 'rare', conversationId: id, limit: 10 })
}

async function useGroups(database: Database): Promise<void> {
  const [groups, conversations] = [groupsIn(database), conversationsIn(database)]
  const draft = { ownerId: ANN, memberIds: [BOB], title: '', history: 'all' as const, clientId: randomUUID() }
  const made = await groups.create(draft)
  await groups.create(draft)
  const id = made.status === 'ok' ? made.id : (1 as ConversationId)
  const act = { conversationId: id, actorId: ANN, rank: 3 }
  await groups.add(act, [EVE])
  await groups.setRole(act, BOB, 'admin')
  await groups.update(act, { title: randomUUID() })
  await groups.members(id, BOB, { limit: 50, after: 0 })
  await conversations.audience(id, ANN)
  await conversations.rooms([ANN, EVE])
  await conversations.present([{ id, userIds: [ANN, EVE] }])
  await readChanges(database, [{ conversationId: id, fromSeq: 1 as Seq, toSeq: 9 as Seq }])
  await groups.remove(act, [EVE])
  await conversations.leave(id, ANN)
}

/** Looks that found their table without an index condition. */
function unled(looks: readonly Look[]): string[] {
  return looks.filter(({ table, byIndex }) => !byIndex && !QUEUES.includes(table)).map(tell)
}

/** Looks at more rows than a statement may read. */
function excessive(looks: readonly Look[]): string[] {
  return looks.filter(({ rows }) => rows > ROWS).map(tell)
}

function tell({ query, table, node, rows }: Look): string {
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
  early.looks()

  await t.test('on fresh tables, with generic plans', async t => {
    await useAll(early, 1 as ConversationId)
    const looks = early.looks()
    t.same(unled(looks), [])
    t.ok(looks.length > 100, `${looks.length} looks`)
  })

  await early.database.transaction(transaction =>
    transaction.script(ADD_PEOPLE + addConversations(0, 15_000) + addMessages(200_000) + ADD_ROOM)
  )
  early.looks()

  await t.test('on large tables, with the plans made while they were empty', async t => {
    await useAll(early, HOT)
    const looks = early.looks()
    t.same(unled(looks), [])
    t.same(excessive(looks), [])
  })

  await t.test('on large tables, with plans made of their statistics', async t => {
    await early.database.query({ name: 'test_analyze', text: 'ANALYZE' })
    const late = watched()
    await useAll(late, HOT)
    const looks = late.looks()
    t.same(unled(looks), [])
    t.same(excessive(looks), [])
  })
})

await t.test('plans made when tables were small serve large ones', { ...needsServer(), timeout: 120_000 }, async t => {
  const { watched } = await open(t)
  const one = watched()
  const { database, looks } = one
  await migrate(database)
  await database.transaction(transaction => transaction.script(ADD_PEOPLE + addConversations(0, 60)))
  await database.query({ name: 'test_analyze', text: 'ANALYZE' })
  await useAll(one, HOT)

  await database.transaction(transaction => transaction.script(addConversations(61, 5_000) + addMessages(50_000)))
  looks()
  await useAll(one, HOT)

  t.same(excessive(looks()), [])
})
