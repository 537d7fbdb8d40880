import type { ConversationId, Seq, UserId } from '@rendezvous/contract'
import t from 'tap'
import { changesIn } from '../../src/chat/changes/adapter.ts'
import { conversationsIn } from '../../src/chat/conversations/adapter.ts'
import { groupsIn } from '../../src/chat/groups/adapter.ts'
import { directFixture } from './direct-fixture.ts'
import { addPeople, onEveryEngine } from './engines.ts'
import { summary } from './summary.ts'

await onEveryEngine(t, async (t, open) => {
  await t.test('joins and leaves are read back', async t => {
    const { ann, bob, id, conversations } = await directFixture(open)
    await conversations.leave(id, bob)
    await conversations.leave(id, ann)
    await conversations.openDirect(ann, bob)

    const changes = await changesIn(open.database).read([{ conversationId: id, fromSeq: 1 as Seq, toSeq: 99 as Seq }])

    t.same(summary(changes), ['1 conversation_created', '2 member_left', '3 superseded', '4 member_joined'])
    t.match(changes[1], { userIds: [bob], by: bob, memberIds: [bob, ann] })
    t.match(changes[3], { userIds: [ann], memberIds: [ann, bob], membersSeq: 4 })
    t.same(
      await changesIn(open.database).read([{ conversationId: id, fromSeq: 3 as Seq, toSeq: 4 as Seq }]),
      changes.slice(2)
    )
    t.same(
      await changesIn(open.database).read([
        { conversationId: 42 as ConversationId, fromSeq: 1 as Seq, toSeq: 9 as Seq }
      ]),
      []
    )
  })

  await t.test('a join is read back even when the member got a role or left since', async t => {
    const people = await addPeople(open.database, 4)
    const [ann, bob, carl, dora] = people as [UserId, UserId, UserId, UserId]
    const groups = groupsIn(open.database)
    const created = await groups.create({ ownerId: ann, memberIds: [bob], title: '', history: 'all' })
    if (created.status !== 'ok') throw new Error('the group was not created')
    const act = { conversationId: created.id, actorId: ann, requiredRank: 1 }
    await groups.add(act, [carl, dora])
    await groups.setRole(act, bob, 'admin')
    await groups.setRole(act, carl, 'admin')
    await conversationsIn(open.database).leave(created.id, dora)

    const changes = await changesIn(open.database).read([
      { conversationId: created.id, fromSeq: 1 as Seq, toSeq: 99 as Seq }
    ])

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
      await changesIn(open.database).read([{ conversationId: created.id, fromSeq: 2 as Seq, toSeq: 3 as Seq }]),
      changes.slice(1, 3)
    )
  })

  await t.test('the leave of an owner names the present owner', async t => {
    const [ann, bob, carl] = (await addPeople(open.database, 3)) as [UserId, UserId, UserId]
    const groups = groupsIn(open.database)
    const created = await groups.create({ ownerId: ann, memberIds: [bob, carl], title: '', history: 'all' })
    if (created.status !== 'ok') throw new Error('the group was not created')
    await conversationsIn(open.database).leave(created.id, ann)
    const between = () =>
      changesIn(open.database).read([{ conversationId: created.id, fromSeq: 2 as Seq, toSeq: 3 as Seq }])

    t.match(await between(), [{ type: 'member_left', userIds: [ann], ownerId: bob }, { type: 'message_created' }])
    await groups.setRole({ conversationId: created.id, actorId: bob, requiredRank: 1 }, carl, 'owner')
    t.match(await between(), [
      { type: 'member_left', userIds: [ann], by: ann, ownerId: carl },
      { type: 'message_created' }
    ])
  })
})
