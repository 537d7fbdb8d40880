import { randomUUID } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { type ConversationId, limits, type UserId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { conversationsIn } from '../../src/chat/conversations/adapter.ts'
import { messagesIn } from '../../src/chat/messages/adapter.ts'
import { receiptsIn } from '../../src/chat/receipts/adapter.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import { addBlock, addPeople, onEveryEngine } from './engines.ts'

const ABSENT = 42 as ConversationId

async function arrange({ database }: OpenDatabase, count = 3) {
  const people = await addPeople(database, count)
  const person = (place: number): UserId => {
    const id = people[place]
    if (id === undefined) throw new Error(`there is no person ${place}`)
    return id
  }
  const conversations = conversationsIn(database)
  const messages = messagesIn(database)
  const open = async (a: UserId, b: UserId) => {
    const opened = await conversations.openDirect(a, b)
    if (opened === null) throw new Error('the conversation did not open')
    return opened
  }
  const say = (id: ConversationId, senderId: UserId, ...texts: string[]) =>
    messages.append(texts.map(content => ({ conversationId: id, senderId, clientId: randomUUID(), kind: 1, content })))
  return { person, conversations, messages, open, say, receipts: receiptsIn(database) }
}

async function suite(t: Test, open: OpenDatabase) {
  await t.test('two people have one conversation, whichever of them opens it', async t => {
    const { person, conversations, open: openDirect } = await arrange(open)

    const first = await openDirect(person(0), person(1))
    const again = await openDirect(person(1), person(0))

    t.match(first, { status: 'created', seq: 1, outboxId: Number })
    t.same(again, { status: 'existing', id: first.id, seq: 1 })
    t.equal(await conversations.findDirect(person(1), person(0)), first.id)
    t.equal(await conversations.findDirect(person(0), person(2)), null)
  })

  await t.test('a conversation does not open with absent, deleted or inactive people, or across a block', async t => {
    const { person, conversations } = await arrange(open, 6)
    await open.prisma.user.update({ where: { id: person(1) }, data: { deletedAt: new Date() } })
    await open.prisma.user.update({ where: { id: person(2) }, data: { isActive: false } })
    await addBlock(open.database, person(0), person(3))
    await addBlock(open.database, person(4), person(0))

    for (const peer of [999_999_999 as UserId, person(1), person(2), person(3), person(4)]) {
      t.equal(await conversations.openDirect(person(0), peer), null)
      t.equal(await conversations.findDirect(person(0), peer), null)
    }
  })

  await t.test(
    'a leave takes a seq, is announced to both people, and hides the conversation from the one who left',
    async t => {
      const { person, conversations, messages, open: openDirect, say } = await arrange(open)
      const [ann, bob, eve] = [person(0), person(1), person(2)]
      const { id } = await openDirect(ann, bob)
      await say(id, ann, 'one')

      const left = await conversations.leave(id, bob)

      t.match(left, { seq: 3, memberIds: [bob, ann], outboxId: Number })
      t.equal(await conversations.leave(id, bob), null)
      t.equal(await conversations.leave(id, eve), null)
      t.equal(await conversations.leave(ABSENT, ann), null)
      t.equal(await conversations.findForMember(id, bob), null)
      t.equal(await conversations.findDirect(bob, ann), null)
      t.equal(await messages.page(id, bob, { limit: 5 }), null)
      t.same((await conversations.listFor(bob, { limit: 5 })).conversations, [])
      t.match(await conversations.findForMember(id, ann), {
        lastSeq: 3,
        membersSeq: 3,
        participants: [{ id: ann }, { id: bob }]
      })
    }
  )

  await t.test('opening a conversation again brings the caller back, without earlier messages', async t => {
    const { person, conversations, messages, open: openDirect, say } = await arrange(open)
    const [ann, bob] = [person(0), person(1)]
    const { id } = await openDirect(ann, bob)
    await say(id, ann, 'old')
    await conversations.leave(id, ann)
    await conversations.leave(id, bob)

    const back = await openDirect(bob, ann)

    t.match(back, { status: 'rejoined', id, seq: 5, outboxId: Number })
    t.same((await messages.page(id, bob, { limit: 5 }))?.messages, [])
    t.match(await conversations.findForMember(id, bob), { lastMessage: null, unreadCount: 0 })
    t.equal(await conversations.findForMember(id, ann), null)
    await say(id, bob, 'new')
    t.match(await conversations.findForMember(id, ann), { lastMessage: { content: 'new', seq: 6 }, unreadCount: 1 })
  })

  await t.test('the list has the last active first, and its pages follow one another', async t => {
    const { person, conversations, open: openDirect, say } = await arrange(open, 6)
    const ids: ConversationId[] = []
    for (const peer of [1, 2, 3, 4, 5]) ids.push((await openDirect(person(0), person(peer))).id)
    for (const place of [2, 0, 4, 1, 3]) {
      await say(ids[place] ?? ABSENT, person(0), `to ${place}`)
      await nextMillisecond()
    }

    const first = await conversations.listFor(person(0), { limit: 2 })
    const last = first.conversations.at(-1)
    if (last === undefined) throw new Error('the list is empty')
    const rest = await conversations.listFor(person(0), {
      limit: 3,
      before: { activeAt: last.activeAt, id: last.id }
    })

    const order = [...first.conversations, ...rest.conversations].map(({ id }) => ids.indexOf(id))
    t.same(order, [3, 1, 4, 0, 2])
    t.same([first.hasMore, rest.hasMore], [true, false])
    t.match(first.conversations[0], {
      kind: 'direct',
      title: '',
      createdBy: person(0),
      lastMessage: { content: 'to 3', receiverId: person(4) }
    })
    t.same(
      first.conversations[0]?.participants.map(({ id }) => id),
      [person(0), person(4)]
    )
  })

  await t.test('messages of others after the read watermark are unread', async t => {
    const { person, conversations, open: openDirect, say, receipts } = await arrange(open)
    const [ann, bob] = [person(0), person(1)]
    const { id } = await openDirect(ann, bob)
    await say(id, ann, '2', '3', '4')
    await say(id, bob, '5')
    await say(id, ann, '6')
    const unread = async () => [
      (await conversations.findForMember(id, ann))?.unreadCount,
      (await conversations.findForMember(id, bob))?.unreadCount
    ]

    t.same(await unread(), [1, 4])
    await receipts.advance([{ conversationId: id, userId: bob, readSeq: 3 as never }])
    t.same(await unread(), [1, 2])
    await addBlock(open.database, ann, bob)
    t.same(await unread(), [0, 0])
  })

  await t.test('unread messages are counted up to a thousand', async t => {
    const { person, conversations, open: openDirect, say } = await arrange(open)
    const { id } = await openDirect(person(0), person(1))
    await say(id, person(0), ...Array.from({ length: 1_005 }, (_, i) => `${i}`))

    t.equal((await conversations.findForMember(id, person(1)))?.unreadCount, 1_000)
  })

  await t.test('unread messages are counted among the last changes alone', async t => {
    const { person, conversations, open: openDirect, say } = await arrange(open)
    const { id } = await openDirect(person(0), person(1))
    await say(id, person(0), '2', '3', '4')
    const text = 'UPDATE conversation SET last_seq = $2 WHERE id = $1'
    await open.database.query({ name: 'test_changes', text }, [id, limits.unreadChanges + 3])

    t.match(await conversations.findForMember(id, person(1)), { unreadCount: 1, readSeq: 0 })
  })

  await t.test('participants have their profile, and no presence across a block', async t => {
    const { person, conversations, open: openDirect } = await arrange(open)
    const [ann, bob] = [person(0), person(1)]
    const lastSeen = new Date('2026-01-02T03:04:05.678Z')
    await open.prisma.user.update({ where: { id: bob }, data: { firstName: 'Bob', lastSeen } })
    const { id } = await openDirect(ann, bob)

    const before = await conversations.findForMember(id, ann)
    await addBlock(open.database, bob, ann)
    const after = await conversations.findForMember(id, ann)

    t.match(before?.participants[1], { id: bob, firstName: 'Bob', avatar: null, lastSeen, hidden: false })
    t.match(after?.participants[1], { id: bob, lastSeen: null, hidden: true })
    t.equal(after?.participants[0]?.hidden, false)
  })
}

await onEveryEngine(t, suite)

/** Resolves in the next millisecond, so that later changes have a later time. */
async function nextMillisecond(): Promise<void> {
  const now = Date.now()
  while (Date.now() < now + 2) await turn() // the database rounds times
}
