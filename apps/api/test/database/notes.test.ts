import { randomUUID } from 'node:crypto'
import type { ConversationId, Seq, UserId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { changesIn } from '../../src/chat/changes/adapter.ts'
import { conversationsIn } from '../../src/chat/conversations/adapter.ts'
import { messagesIn } from '../../src/chat/messages/adapter.ts'
import { receiptsIn } from '../../src/chat/receipts/adapter.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import { visibilityIn } from '../../src/people/visibility/adapter.ts'
import { addPeople, onEveryEngine } from './engines.ts'

async function arrange({ database }: OpenDatabase) {
  const [me] = await addPeople(database, 1)
  if (me === undefined) throw new Error('nobody was added')
  const conversations = conversationsIn(database)
  const messages = messagesIn(database)
  const opened = await conversations.openDirect(me, me)
  if (opened === null) throw new Error('the conversation did not open')
  const say = (...texts: string[]) =>
    messages.append(
      texts.map(content => ({ conversationId: opened.id, senderId: me, clientId: randomUUID(), kind: 1, content }))
    )
  return { me, id: opened.id, opened, conversations, messages, say }
}

async function membersOf({ database }: OpenDatabase, id: ConversationId) {
  const text = 'SELECT user_id AS "userId", left_seq AS "leftSeq" FROM membership WHERE conversation_id = $1'
  return database.query<{ userId: UserId; leftSeq: Seq | null }>({ name: 'test_members', text }, [id])
}

async function suite(t: Test, open: OpenDatabase) {
  await t.test('a person has one conversation with themselves, of one member', async t => {
    const { me, id, opened, conversations } = await arrange(open)

    t.match(opened, { status: 'created', seq: 1, outboxId: Number })
    t.match(await conversations.openDirect(me, me), { status: 'existing', id })
    t.equal(await conversations.findDirect(me, me), id)
    t.same(await membersOf(open, id), [{ userId: me, leftSeq: null }])
    const view = await conversations.findForMember(id, me)
    t.match(view, { kind: 'direct', memberCount: 1, unreadCount: 0, receipts: [] })
    t.same(
      view?.participants.map(person => person.id),
      [me]
    )
  })

  await t.test('notes are stored alone and in batches, read from the start, and change no members', async t => {
    const { me, id, conversations, messages, say } = await arrange(open)

    const stored = [...(await say('one')), ...(await say('two', 'three'))]

    const facts = { status: 'created', memberIds: [me], membersSeq: 1, memberCount: 1, rejoinedIds: [] }
    t.match(stored, [
      { ...facts, seq: 2 },
      { ...facts, seq: 3 },
      { ...facts, seq: 4 }
    ])
    for (const answer of stored) t.same('memberIds' in answer && answer.memberIds, [me])
    t.match(await messages.page(id, me, { limit: 9 }), {
      messages: ['one', 'two', 'three'].map(content => ({
        content,
        senderId: me,
        receiverId: me,
        status: 'read',
        isRead: true
      }))
    })
    t.match(await conversations.findForMember(id, me), { memberCount: 1, membersSeq: 1, unreadCount: 0, lastSeq: 4 })
  })

  await t.test('the sweep announces what the send announced', async t => {
    const { me, id, say } = await arrange(open)
    await say('one')

    const changes = await changesIn(open.database).read([{ conversationId: id, fromSeq: 1 as Seq, toSeq: 2 as Seq }])

    t.match(changes, [
      { type: 'conversation_created', userIds: [me], by: me },
      { type: 'message_created', message: { content: 'one', receiverId: me, status: 'read' }, rejoinedIds: [] }
    ])
    for (const { memberIds } of changes) t.same(memberIds, [me])
  })

  await t.test('reading and receiving own notes names no message that others would be told of', async t => {
    const { me, id, say } = await arrange(open)
    await say('one', 'two')
    const receipts = receiptsIn(open.database)

    const [moved] = await receipts.advance([{ conversationId: id, userId: me, readSeq: 3 as Seq }])

    t.match(moved, { told: false, read: { to: 3, messages: [] }, delivered: { to: 3, messages: [] } })
    t.same(moved?.read.messages, [])
    t.same(moved?.delivered.messages, [])
  })

  await t.test('a person who left their notes starts again after them', async t => {
    const { me, id, conversations, messages, say } = await arrange(open)
    await say('old')

    t.match(await conversations.leave(id, me), { seq: 3 })
    t.equal(await conversations.findDirect(me, me), null)
    t.match(await say('refused'), [{ status: 'not_found' }])
    t.match(await conversations.openDirect(me, me), { status: 'rejoined', id, seq: 4 })
    await say('new')

    t.match(await messages.page(id, me, { limit: 9 }), { messages: [{ content: 'new' }] })
    t.match(await conversations.findForMember(id, me), { memberCount: 1 })
  })

  await t.test('nobody is a presence contact of themselves', async t => {
    const { me, say } = await arrange(open)
    await say('one')

    t.same(await visibilityIn(open.database).contacts([me]), [{ exact: [], coarse: [] }])
  })
}

t.test('notes to oneself', t => onEveryEngine(t, suite))
