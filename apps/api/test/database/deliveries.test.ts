import { type ConversationId, limits, type Seq, type UserId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { groupsIn } from '../../src/chat/groups/adapter.ts'
import { messageChangesIn } from '../../src/chat/message-changes/adapter.ts'
import { messagesIn } from '../../src/chat/messages/adapter.ts'
import { receiptsIn } from '../../src/chat/receipts/adapter.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import type { Database } from '../../src/database/port.ts'
import { created, directFixture, draft } from './direct-fixture.ts'
import { addBlock, addPeople, onEveryEngine } from './engines.ts'

const seq = (value: number) => value as Seq

/** A group of `members` people. `say` stores a text of its owner. */
async function openGroup(open: OpenDatabase, members: number) {
  const [owner, ...others] = await addPeople(open.database, members)
  if (owner === undefined) throw new Error('a group has an owner')
  const groups = groupsIn(open.database)
  const made = await groups.create({ ownerId: owner, memberIds: others, title: '', history: 'all' })
  if (made.status !== 'ok') throw new Error(made.status)
  const { id } = made
  const messages = messagesIn(open.database, open.hot)
  const say = async (senderId = owner) => created((await messages.append([draft(id, senderId, 'hello')]))[0])
  const act = { conversationId: id, actorId: owner, requiredRank: 1 }
  return { id, owner, others, groups, act, say }
}

/** The delivered and read watermarks of each member of the conversation. */
async function watermarks(database: Database, id: ConversationId): Promise<Map<UserId, [number, number]>> {
  const rows = await database.query<{ user: UserId; delivered: number; read: number }>(
    {
      name: 'test_watermarks',
      text: `SELECT user_id AS "user", delivered_seq AS delivered, read_seq AS read FROM membership
        WHERE conversation_id = $1 AND left_seq IS NULL`
    },
    [id]
  )
  return new Map(rows.map(({ user, delivered, read }) => [user, [delivered, read]]))
}

function byUser<Told extends { readonly userIds: readonly UserId[] }>(told: readonly Told[]): Told[] {
  return [...told].sort((one, other) => (one.userIds[0] ?? 0) - (other.userIds[0] ?? 0))
}

/** Counts the statements that run on `hot`. */
function counting(hot: Database) {
  const calls = { count: 0 }
  const counted: Database = {
    ...hot,
    query(statement, parameters) {
      calls.count += 1
      return hot.query(statement, parameters)
    }
  }
  return { calls, counted }
}

async function suite(t: Test, open: OpenDatabase) {
  const { database } = open
  const receipts = receiptsIn(database, open.hot)

  await t.test('a delivery to all members of a group is one statement, and names the newest message once', async t => {
    const { id, owner, others, say } = await openGroup(open, 10)
    const { calls, counted } = counting(open.hot)
    await say()
    const newest = await say()

    const reached = await receiptsIn(database, counted).deliver([
      { conversationId: id, userIds: others, seq: newest.seq }
    ])

    t.equal(calls.count, 1)
    t.equal(reached.length, 1)
    t.match(reached, [{ conversationId: id, peerId: null, messages: [{ id: newest.id, seq: 3, senderId: owner }] }])
    t.same(
      [...(reached[0]?.userIds ?? [])].sort((a, b) => a - b),
      [...others].sort((a, b) => a - b)
    )
    const moved = await watermarks(database, id)
    t.same(moved.get(owner), [0, 0], "the sender's row is not written")
    t.ok(others.every(userId => moved.get(userId)?.[0] === 3))
  })

  await t.test('a user who received as much before, left, or is no member is neither moved nor told of', async t => {
    const { id, others, act, say, groups } = await openGroup(open, 5)
    const [one, two, three] = others as [UserId, UserId, UserId]
    const { eve } = await directFixture(open)
    const { seq: last } = await say()
    await receipts.deliver([{ conversationId: id, userIds: [one], seq: last }])
    await groups.remove({ ...act, requiredRank: 2 }, [two])

    const reached = await receipts.deliver([
      { conversationId: id, userIds: [one, two, three, eve], seq: last },
      { conversationId: id, userIds: [three], seq: last },
      { conversationId: 42 as ConversationId, userIds: [three], seq: last }
    ])
    t.same(
      reached.map(({ userIds }) => userIds),
      [[three]]
    )
    t.same(await receipts.deliver([]), [])
  })

  await t.test(
    'a deleted message is told to nobody, and their own message to no sender: the message before it counts',
    async t => {
      const { id, owner, others, say } = await openGroup(open, 3)
      const [one, two] = others as [UserId, UserId]
      const first = await say()
      const second = await say(one)
      const third = await say()
      const which = { conversationId: id, messageId: third.id, actorId: owner }
      t.match(await messageChangesIn(database).remove(which, 1), { status: 'ok' })

      const reached = await receipts.deliver([{ conversationId: id, userIds: [one, two], seq: seq(2_000_000_000) }])
      t.same(byUser(reached.map(({ userIds, messages: [named] }) => ({ userIds, id: named?.id }))), [
        { userIds: [one], id: first.id },
        { userIds: [two], id: second.id }
      ])
      t.same((await watermarks(database, id)).get(two), [5, 0], 'a watermark never goes above the last seq')
    }
  )

  await t.test('in a direct conversation each message of the other person is named, across a block none', async t => {
    const { ann, bob, id, say } = await directFixture(open)
    await say(ann, '2', '3')
    await say(bob, '4')
    const reached = await receipts.deliver([
      { conversationId: id, userIds: [bob], seq: seq(3) },
      { conversationId: id, userIds: [ann], seq: seq(4) }
    ])
    const told = reached.map(({ userIds, peerId, messages }) => ({
      userIds,
      peerId,
      seqs: messages.map(each => each.seq)
    }))
    t.same(byUser(told), [
      { userIds: [ann], peerId: bob, seqs: [4] },
      { userIds: [bob], peerId: ann, seqs: [2, 3] }
    ])
    await say(ann, '5')
    await addBlock(database, ann, bob)
    t.same(await receipts.deliver([{ conversationId: id, userIds: [bob], seq: seq(5) }]), [])
    t.same((await watermarks(database, id)).get(bob), [3, 0])
  })

  await t.test('when reports and receipts come at once, each move is told once and none is lost', async t => {
    const { id, others, say } = await openGroup(open, 10)
    const sent = [await say(), await say(), await say(), await say()]
    const last = sent.at(-1)?.seq ?? seq(0)
    const reports = sent.flatMap(({ seq }) => [
      { conversationId: id, userIds: others, seq },
      { conversationId: id, userIds: [...others].reverse(), seq }
    ])

    const [reached, moved] = await Promise.all([
      Promise.all(reports.map(report => receipts.deliver([report]))),
      Promise.all(others.map(userId => receipts.advance([{ conversationId: id, userId, deliveredSeq: last }])))
    ])
    const told = [
      ...reached.flat().flatMap(({ userIds, messages }) => userIds.map(userId => `${userId} ${messages[0]?.seq}`)),
      ...moved.flat().flatMap(move => move?.delivered.messages.map(({ seq }) => `${move.userId} ${seq}`) ?? [])
    ]
    t.equal(new Set(told).size, told.length)
    t.ok(others.every(userId => told.includes(`${userId} ${last}`)))
    const ends = await watermarks(database, id)
    t.ok(others.every(userId => ends.get(userId)?.[0] === last))
  })

  await t.test('a large group stores no deliveries, whether a gateway or a member reports them', async t => {
    const { id, others, say } = await openGroup(open, limits.receiptMembers + 1)
    const { seq: last } = await say()
    const [one, two] = others as [UserId, UserId]
    const before = await watermarks(database, id)

    t.same(await receipts.deliver([{ conversationId: id, userIds: others, seq: last }]), [])
    t.same(await receipts.deliverAll(one), [])
    const [moved] = await receipts.advance([{ conversationId: id, userId: one, deliveredSeq: last }])
    t.match(moved, { delivered: { from: 0, to: 0, messages: { length: 0 } }, told: false })
    t.same(await watermarks(database, id), before)

    const [read] = await receipts.advance([{ conversationId: id, userId: two, readSeq: last }])
    t.match(read, {
      delivered: { to: last, messages: { length: 0 } },
      read: { to: last, messages: { length: 0 } },
      own: { to: last }
    })
    t.same((await watermarks(database, id)).get(two), [last, last])
  })

  await t.test('watermarks stay where they are when a group grows large, and move on when it shrinks', async t => {
    const { id, others, act, say, groups } = await openGroup(open, limits.receiptMembers)
    const [one, two] = others as [UserId, UserId]
    const first = await say()
    t.equal((await receipts.deliver([{ conversationId: id, userIds: [one, two], seq: first.seq }])).length, 1)
    t.equal((await receipts.advance([{ conversationId: id, userId: two, readSeq: first.seq }]))[0]?.read.to, first.seq)

    const [late] = (await addPeople(database, 1)) as [UserId]
    t.equal((await groups.add(act, [late])).status, 'ok')
    const second = await say()
    t.same(await receipts.deliver([{ conversationId: id, userIds: [one, two], seq: second.seq }]), [])
    await receipts.advance([{ conversationId: id, userId: two, readSeq: second.seq }])
    const large = await watermarks(database, id)
    t.same(
      [large.get(one), large.get(two)],
      [
        [first.seq, 0],
        [second.seq, second.seq]
      ],
      'only reading moves them'
    )

    t.equal((await groups.remove({ ...act, requiredRank: 2 }, [late])).status, 'ok')
    const third = await say()
    const reached = await receipts.deliver([{ conversationId: id, userIds: [one, two], seq: third.seq }])
    t.same(
      reached.map(({ userIds, messages }) => [userIds, messages.map(({ id }) => id)]),
      [[[one, two].sort((a, b) => a - b), [third.id]]]
    )
    t.same(await receipts.deliverAll(one), [], 'nothing waits for a member')
    t.same(await receipts.deliverAll(late), [], 'nothing waits for a user who left')
  })

  await t.test(
    'messages sent while a group was large count as delivered when a member connects after it shrank',
    async t => {
      const { id, others, act, say, groups } = await openGroup(open, limits.receiptMembers + 1)
      const [one, two] = others as [UserId, UserId]
      const message = await say()
      t.same(await receipts.deliverAll(one), [])
      await groups.remove({ ...act, requiredRank: 2 }, [two])
      const [moved] = await receipts.deliverAll(one)
      t.match(moved, { conversationId: id, delivered: { from: 0, to: message.seq + 2 }, told: true })
    }
  )
}

await onEveryEngine(t, suite)

await t.test('what a first round stored is answered when a later round fails', async t => {
  const [ann, bob] = [1 as UserId, 2 as UserId]
  const row = { conversationId: 7 as ConversationId, peerId: null, seq: 3, membersSeq: 1 }
  const rounds = [
    [
      { ...row, userIds: [ann], ids: [9], seqs: [3], senders: [bob] },
      { ...row, userIds: [bob], ids: null, seqs: null, senders: null }
    ]
  ]
  const query = async () => {
    const rows = rounds.shift()
    if (rows === undefined) throw new Error('the connection broke')
    return rows as never
  }
  const database = { query, transaction: () => Promise.reject(new Error('not used')) } as unknown as Database
  const report = { conversationId: row.conversationId, userIds: [ann, bob], seq: seq(3) }

  t.match(await receiptsIn(database).deliver([report]), [{ userIds: [ann], messages: [{ id: 9, seq: 3 }] }])
  await t.rejects(receiptsIn(database).deliver([report]), /the connection broke/)
})
