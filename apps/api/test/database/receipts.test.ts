import { randomUUID } from 'node:crypto'
import { type ConversationId, limits, type Seq, type UserId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { messagesIn } from '../../src/chat/messages/adapter.ts'
import { receiptsIn } from '../../src/chat/receipts/adapter.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import { directFixture } from './direct-fixture.ts'
import { addBlock, addPeople, onEveryEngine } from './engines.ts'

const ABSENT = 42 as ConversationId
const seq = (value: number) => value as Seq

/** `directFixture` with receipts. `statuses` reads the message statuses that a user sees. */
async function correspond(open: OpenDatabase) {
  const { messages, id, ...others } = await directFixture(open)
  const statuses = async (userId: UserId) =>
    (await messages.page(id, userId, { limit: 50 }))?.messages.map(({ status }) => status)
  return { ...others, id, statuses, receipts: receiptsIn(open.database, open.hot) }
}

async function suite(t: Test, open: OpenDatabase) {
  await t.test('a receipt names the messages of the other person that it newly covers', async t => {
    const { ann, bob, id, say, statuses, receipts } = await correspond(open)
    await say(ann, '2', '3')
    await say(bob, '4')
    await say(ann, '5')

    const [delivered] = await receipts.advance([{ conversationId: id, userId: bob, deliveredSeq: seq(3) }])
    const [read] = await receipts.advance([{ conversationId: id, userId: bob, readSeq: seq(5) }])

    t.match(delivered, {
      peerId: ann,
      delivered: { from: 0, to: 3 },
      read: { from: 0, to: 0, messages: { length: 0 } }
    })
    t.same(
      delivered?.delivered.messages.map(({ seq, senderId }) => ({ seq, senderId })),
      [
        { seq: 2, senderId: ann },
        { seq: 3, senderId: ann }
      ]
    )
    t.match(read, { delivered: { from: 3, to: 5 }, read: { from: 0, to: 5 } })
    t.same(
      read?.delivered.messages.map(({ seq }) => seq),
      [5]
    )
    t.same(
      read?.read.messages.map(({ seq }) => seq),
      [2, 3, 5]
    )
    t.same(await statuses(ann), ['read', 'read', 'sent', 'read'])
    t.same(await statuses(bob), ['read', 'read', 'sent', 'read'])
  })

  await t.test('watermarks never go down, and never above the last seq', async t => {
    const { ann, bob, id, say, receipts } = await correspond(open)
    await say(ann, '2', '3')

    const [far] = await receipts.advance([{ conversationId: id, userId: bob, deliveredSeq: seq(2_000_000_000) }])
    const [back] = await receipts.advance([{ conversationId: id, userId: bob, deliveredSeq: seq(1), readSeq: seq(0) }])

    t.match(far, { delivered: { from: 0, to: 3 } })
    t.match(back, {
      delivered: { from: 3, to: 3, messages: { length: 0 } },
      read: { from: 0, to: 0, messages: { length: 0 } }
    })
  })

  await t.test(
    'receipts of absent, foreign, left and blocked conversations answer null, and others in the batch count',
    async t => {
      const { ann, bob, eve, id, say, receipts } = await correspond(open)
      await say(ann, '2')
      const left = await correspond(open)
      await left.conversations.leave(left.id, left.ann)
      const blocked = await correspond(open)
      await addBlock(open.database, blocked.ann, blocked.bob)

      const answers = await receipts.advance([
        { conversationId: ABSENT, userId: bob, readSeq: seq(2) },
        { conversationId: id, userId: eve, readSeq: seq(2) },
        { conversationId: left.id, userId: left.ann, readSeq: seq(1) },
        { conversationId: blocked.id, userId: blocked.ann, readSeq: seq(1) },
        { conversationId: blocked.id, userId: blocked.bob, readSeq: seq(1) },
        { conversationId: id, userId: bob, readSeq: seq(2) }
      ])

      t.same(answers.slice(0, 5), [null, null, null, null, null])
      t.match(answers[5], { read: { from: 0, to: 2 } })
    }
  )

  await t.test('of several receipts of one member the first answers the whole move', async t => {
    const { ann, bob, id, say, receipts } = await correspond(open)
    await say(ann, '2', '3', '4')

    const [first, second] = await receipts.advance([
      { conversationId: id, userId: bob, deliveredSeq: seq(2) },
      { conversationId: id, userId: bob, readSeq: seq(4) }
    ])

    t.match(first, { delivered: { from: 0, to: 4 }, read: { from: 0, to: 4 } })
    t.equal(first?.read.messages.length, 3)
    t.match(second, {
      delivered: { from: 4, to: 4, messages: { length: 0 } },
      read: { from: 4, to: 4, messages: { length: 0 } }
    })
  })

  await t.test('the newest thousand messages at most are named', async t => {
    const { ann, bob, id, say, receipts } = await correspond(open)
    await say(ann, ...Array.from({ length: 1_010 }, (_, i) => `${i}`))

    const [read] = await receipts.advance([{ conversationId: id, userId: bob, readSeq: seq(1_011) }])

    t.equal(read?.read.messages.length, limits.receiptsPerAdvance)
    t.same([read?.read.messages[0]?.seq, read?.read.messages.at(-1)?.seq], [12, 1_011])
  })

  await t.test('a message that was hidden from a member is not told as read', async t => {
    const { ann, bob, id, say, conversations, receipts } = await correspond(open)
    await say(ann, '2')
    await conversations.leave(id, bob)
    await say(ann, '4')

    const [read] = await receipts.advance([{ conversationId: id, userId: bob, readSeq: seq(4) }])

    t.same(
      read?.read.messages.map(({ seq }) => seq),
      [4]
    )
  })

  await t.test('everything that waits for a user is delivered in one call, once', async t => {
    const one = await correspond(open)
    await one.say(one.ann, '2', '3')
    const other = await one.conversations.openDirect(one.eve, one.bob)

    const moved = await one.receipts.deliverAll(one.bob)

    t.same(moved.map(({ conversationId }) => conversationId).sort(), [one.id, other?.id].sort())
    t.same(
      moved.flatMap(({ delivered }) => delivered.messages.map(({ seq }) => seq)),
      [2, 3]
    )
    t.same(await one.statuses(one.ann), ['delivered', 'delivered'])
    t.same(await one.receipts.deliverAll(one.bob), [])
    t.same(await one.receipts.advance([]), [])
  })

  await t.test(
    'when messages wait in many conversations all are delivered, and a bounded number of the newest is named',
    async t => {
      const { ann, bob, eve, say, conversations, receipts, statuses } = await correspond(open)
      const other = await conversations.openDirect(eve, bob)
      const [third] = await addPeople(open.database, 1)
      const old = await conversations.openDirect(third as UserId, bob)
      const write = (conversationId: ConversationId | undefined, senderId: UserId, count: number) =>
        messagesIn(open.database).append(
          Array.from({ length: count }, (_, i) => ({
            ...{ conversationId: conversationId ?? ABSENT, senderId, clientId: randomUUID(), kind: 1, content: `${i}` }
          }))
        )
      await write(old?.id, third as UserId, 3)
      await write(other?.id, eve, limits.receiptsOnConnect - 10)
      await say(ann, ...Array.from({ length: 20 }, (_, i) => `${i}`))

      const moved = await receipts.deliverAll(bob)

      const named = moved.map(({ conversationId, delivered }) => [
        conversationId,
        delivered.to,
        delivered.messages.length,
        delivered.messages.at(-1)?.seq
      ])
      t.same(named.slice(1), [
        [other?.id, limits.receiptsOnConnect - 9, limits.receiptsOnConnect - 20, limits.receiptsOnConnect - 9],
        [old?.id, 4, 1, 4]
      ])
      t.same(named[0]?.slice(1), [21, 20, 21])
      t.ok((await statuses(ann))?.every(status => status === 'delivered'))
      t.same(await receipts.deliverAll(bob), [])
    }
  )
}

await onEveryEngine(t, suite)
