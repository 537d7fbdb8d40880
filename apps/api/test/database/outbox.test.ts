import type { ConversationId, Seq, UserId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { readChanges } from '../../src/adapters/changes.ts'
import { conversationsIn } from '../../src/adapters/conversations.ts'
import { groupsIn } from '../../src/adapters/groups.ts'
import { outboxIn } from '../../src/adapters/outbox.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import type { Change } from '../../src/ports/changes.ts'
import { addPeople, engines, needsServer, onEveryEngine } from './engines.ts'
import { acquaint } from './talk.ts'

/** Announces to a list. */
function recorder() {
  const changes: Change[] = []
  return { changes, publish: async (batch: readonly Change[]) => void changes.push(...batch) }
}

const summary = (changes: readonly Change[]) => changes.map(({ seq, type }) => `${seq} ${type}`)

async function suite(t: Test, open: OpenDatabase) {
  const outbox = outboxIn(open.database)
  const empty = async () => {
    await outbox.sweep(0, 1_000, async () => {})
  }

  await t.test('what a crash left unannounced is swept: every change once, in order, then forgotten', async t => {
    await empty()
    const { ann, bob, id, say, conversations } = await acquaint(open)
    await say(ann, 'a', 'b')
    await conversations.leave(id, bob)
    await say(ann, 'c')
    const { changes, publish } = recorder()

    const swept = await outbox.sweep(0, 100, publish)

    t.equal(swept, 4)
    t.same(summary(changes), [
      '1 conversation_created',
      '2 message_created',
      '3 message_created',
      '4 superseded',
      '5 message_created'
    ])
    t.match(changes[0], { conversationId: id, memberIds: [ann, bob], by: ann, userIds: [ann, bob] })
    t.match(changes[1], {
      memberIds: [ann, bob],
      message: { content: 'a', senderId: ann, receiverId: bob, status: 'sent' },
      rejoinedIds: []
    })
    t.match(changes[4], { rejoinedIds: [bob] })
    t.equal(await outbox.sweep(0, 100, publish), 0)
  })

  await t.test('joining and leaving come back as such', async t => {
    const { ann, bob, id, conversations } = await acquaint(open)
    await conversations.leave(id, bob)
    await conversations.leave(id, ann)
    await conversations.openDirect(ann, bob)

    const changes = await readChanges(open.database, [{ conversationId: id, fromSeq: 1 as Seq, toSeq: 99 as Seq }])

    t.same(summary(changes), ['1 conversation_created', '2 member_left', '3 superseded', '4 member_joined'])
    t.match(changes[1], { userIds: [bob], by: bob, memberIds: [bob, ann] })
    t.match(changes[3], { userIds: [ann], memberIds: [ann, bob], membersSeq: 4 })
    t.same(
      await readChanges(open.database, [{ conversationId: id, fromSeq: 3 as Seq, toSeq: 4 as Seq }]),
      changes.slice(2)
    )
    t.same(
      await readChanges(open.database, [{ conversationId: 42 as ConversationId, fromSeq: 1 as Seq, toSeq: 9 as Seq }]),
      []
    )
  })

  await t.test('who came into a group is told whatever became of him since', async t => {
    const people = await addPeople(open.database, 4)
    const [ann, bob, carl, dora] = people as [UserId, UserId, UserId, UserId]
    const groups = groupsIn(open.database)
    const made = await groups.create({ ownerId: ann, memberIds: [bob], title: '', history: 'all' })
    if (made.status !== 'ok') throw new Error('the group was not made')
    const act = { conversationId: made.id, actorId: ann, rank: 1 }
    await groups.add(act, [carl, dora])
    await groups.setRole(act, bob, 'admin')
    await groups.setRole(act, carl, 'admin')
    await conversationsIn(open.database).leave(made.id, dora)

    const changes = await readChanges(open.database, [{ conversationId: made.id, fromSeq: 1 as Seq, toSeq: 99 as Seq }])

    t.same(summary(changes), [
      '1 conversation_created',
      '2 member_joined',
      '3 message_created',
      '4 superseded',
      '5 superseded',
      '6 member_left',
      '7 message_created'
    ])
    t.match(changes[0], { userIds: [ann, bob], by: ann })
    t.match(changes[1], { userIds: [carl, dora], by: ann })
    t.match(changes[5], { userIds: [dora], by: dora, ownerId: null })
    t.same(
      await readChanges(open.database, [{ conversationId: made.id, fromSeq: 2 as Seq, toSeq: 3 as Seq }]),
      changes.slice(1, 3)
    )
  })

  await t.test('that an owner left names who owns the group now', async t => {
    const [ann, bob, carl] = (await addPeople(open.database, 3)) as [UserId, UserId, UserId]
    const groups = groupsIn(open.database)
    const made = await groups.create({ ownerId: ann, memberIds: [bob, carl], title: '', history: 'all' })
    if (made.status !== 'ok') throw new Error('the group was not made')
    await conversationsIn(open.database).leave(made.id, ann)
    const between = () => readChanges(open.database, [{ conversationId: made.id, fromSeq: 2 as Seq, toSeq: 3 as Seq }])

    t.match(await between(), [{ type: 'member_left', userIds: [ann], ownerId: bob }, { type: 'message_created' }])
    await groups.setRole({ conversationId: made.id, actorId: bob, rank: 1 }, carl, 'owner')
    t.match(await between(), [
      { type: 'member_left', userIds: [ann], by: ann, ownerId: carl },
      { type: 'message_created' }
    ])
  })

  await t.test('a row that is done, or younger than asked, is not swept', async t => {
    await empty()
    const { ann, say } = await acquaint(open)
    const [answer] = await say(ann, 'x')
    if (answer?.status !== 'created') throw new Error('not created')
    const { changes, publish } = recorder()

    t.equal(await outbox.sweep(60_000, 100, publish), 0)
    await outbox.done([answer.outboxId, 987_654_321])
    t.equal(await outbox.sweep(0, 100, publish), 1)
    t.same(summary(changes), ['1 conversation_created'])
  })

  await t.test('rows stay when announcing fails, and the limit holds', async t => {
    await empty()
    const { ann, say } = await acquaint(open)
    await say(ann, 'x')
    const { changes, publish } = recorder()

    await t.rejects(
      outbox.sweep(0, 100, async () => {
        throw new Error('the bus is down')
      }),
      /the bus is down/
    )
    t.equal(await outbox.sweep(0, 1, publish), 1)
    t.same(summary(changes), ['1 conversation_created'])
    t.equal(await outbox.sweep(0, 1, publish), 1)
    t.equal(await outbox.sweep(0, 1, publish), 0)
  })
}

await onEveryEngine(t, suite)

await t.test('two nodes sweep different rows', needsServer(), async t => {
  const engine = engines().find(({ name }) => name === 'PostgreSQL')
  if (engine === undefined) throw new Error('no such engine')
  const open = await engine.open()
  t.teardown(() => open.close())
  const { ann, say } = await acquaint(open)
  await say(ann, 'x')
  const outbox = outboxIn(open.database)
  const second = recorder()

  const swept = await outbox.sweep(0, 1, async () => {
    t.equal(await outbox.sweep(0, 10, second.publish), 1)
  })

  t.equal(swept, 1)
  t.same(summary(second.changes), ['2 message_created'])
  t.equal(await outbox.sweep(0, 10, second.publish), 0)
})
