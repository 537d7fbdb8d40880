import { randomUUID } from 'node:crypto'
import { limits, type MessageId, rankFor, type Seq, type UserId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { appendPersonalEvents } from '../../src/announce/personal/adapter.ts'
import { syncIn } from '../../src/chat/sync/adapter.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import { onEveryEngine } from './engines.ts'
import { ABSENT, contents, okRange, okState, syncFixture } from './sync-fixture.ts'

type Range = ReturnType<typeof okRange>
const ONE = 1 as Seq

async function suite(t: Test, open: OpenDatabase) {
  const fixture = (count: number) => syncFixture(open, count)

  await t.test('a range answers each new, changed and deleted message once, in its present state', async t => {
    const { ann, bob, direct, say, changes, range } = await fixture(2)
    const id = await direct(ann, bob)
    const [first, second, third] = (await say(id, ann, 'one', 'two', 'three')) as [MessageId, MessageId, MessageId]
    const of = (messageId: MessageId) => ({ conversationId: id, messageId, actorId: ann })
    await changes.edit(of(first), { content: 'uno', mentions: [] })
    await changes.react({ ...of(second), actorId: bob }, '👍', true)
    await changes.remove(of(third), rankFor('delete_any_message'))

    const all = okRange(await range(bob, id, 0))
    t.match(all, { position: 7, head: 7, deleted: [{ id: third, seq: 4, changedSeq: 7 }], left: { length: 0 } })
    t.same(contents(all), ['uno', 'two'])
    t.match(all.messages[1], { changedSeq: 6, reactions: [{ emoji: '👍', count: 1, mine: true }] })
    t.match(all.members, [{ person: { id: ann } }, { person: { id: bob } }])
    t.match(all.conversation, { id, lastSeq: 7, unreadCount: 2, lastMessage: { content: 'two' } })
    t.same(contents(await range(bob, id, 4)), ['uno', 'two'], 'messages that the client has, and that changed since')
    t.match(await range(bob, id, 6), { messages: { length: 0 }, deleted: [{ id: third }], members: { length: 0 } })
    const none = okRange(await range(bob, id, 7))
    t.match(none, {
      position: 7,
      messages: { length: 0 },
      deleted: { length: 0 },
      members: { length: 0 },
      conversation: { id }
    })
  })

  await t.test('a range answers members who joined, got another role, or left', async t => {
    const { people, ann, bob, eve, group, groups, act, range, conversations } = await fixture(4)
    const id = await group(ann, [bob])
    await groups.add(act(id, ann), [eve, people[3] as UserId])
    await groups.setRole({ ...act(id, ann), requiredRank: rankFor('hand_over') }, bob, 'owner')
    await conversations.leave(id, eve)

    const { members, left, position } = okRange(await range(ann, id, 1))
    t.match(members, [
      { person: { id: people[3] }, role: 'member' },
      { person: { id: ann }, role: 'admin' },
      { person: { id: bob }, role: 'owner' }
    ])
    t.same(left, [eve])
    t.equal(position, 6)
    t.match(await range(eve, id, 3), { status: 'gone' })
  })

  await t.test('pages of a range never split the changes of one seq, and reach the head', async t => {
    const { people, ann, bob, group, groups, act, say, range } = await fixture(110)
    const id = await group(ann, [bob])
    await say(id, ann, 'one', 'two')
    await groups.add(act(id, ann), people.slice(2, 102))
    await say(id, ann, 'three')

    const pages: Range[] = []
    for (let at = 1; at < 6; at = pages.at(-1)?.position ?? 6) pages.push(okRange(await range(bob, id, at, 1)))
    t.same(
      pages.map(({ position, messages, members }) => [position, messages.length, members.length]),
      [
        [2, 1, 0],
        [3, 1, 0],
        [4, 0, 100],
        [5, 1, 0],
        [6, 1, 0]
      ]
    )
    const two = okRange(await range(bob, id, 1, 102))
    t.match([two.position, two.messages.length, two.members.length], [4, 2, 100])
    t.match(
      okRange(await range(bob, id, 1, 101)),
      { position: 3, members: { length: 0 } },
      'a seq with a hundred members does not fit'
    )
  })

  await t.test('a change while a client pages comes on a later page', async t => {
    const { ann, bob, direct, say, changes, range } = await fixture(2)
    const id = await direct(ann, bob)
    const [first] = (await say(id, ann, 'one', 'two', 'three')) as [MessageId]
    const page = okRange(await range(bob, id, 1, 1))
    t.same(contents(page), ['one'])
    await changes.edit({ conversationId: id, messageId: first, actorId: ann }, { content: 'uno', mentions: [] })
    const rest = await range(bob, id, page.position)
    t.same(contents(rest), ['two', 'three', 'uno'])
  })

  await t.test('a range has no messages from before a join, and restarts after a member came back', async t => {
    const { ann, bob, eve, group, groups, act, say, range, changes } = await fixture(3)
    const id = await group(ann, [bob])
    const [before] = (await say(id, ann, 'before')) as [MessageId]
    await groups.add(act(id, ann), [eve])
    await changes.edit(
      { conversationId: id, messageId: before, actorId: ann },
      { content: 'still before', mentions: [] }
    )
    await say(id, ann, 'after')

    t.same(contents(await range(eve, id, 0)).slice(1), ['after'])
    t.match(
      okRange(await range(eve, id, 0)).members.map(({ person }) => person.id),
      [ann, bob, eve]
    )
    t.same(await range(eve, id, 2), { status: 'restart' }, 'a position from before the join')
    t.match(await range(eve, id, 3), { status: 'ok' })
    await groups.remove(act(id, ann), [eve])
    t.same(await range(eve, id, 3), { status: 'gone' })
    await groups.add(act(id, ann), [eve])
    t.same(await range(eve, id, 3), { status: 'restart' })
    t.same(await range(eve, ABSENT, 3), { status: 'gone' })
  })

  await t.test('a position too far behind, or below the first seq that is kept, restarts', async t => {
    const { ann, bob, direct, range } = await fixture(2)
    const id = await direct(ann, bob)
    const alter = (text: string) => open.database.query({ name: `test_${randomUUID()}`, text }, [id])
    await alter(`UPDATE conversation SET last_seq = 1 + ${limits.syncBehind} WHERE id = $1`)
    t.same(await range(ann, id, 0), { status: 'restart' })
    t.match(await range(ann, id, 1), { status: 'ok', position: 1 + limits.syncBehind })
    await alter('UPDATE conversation SET floor_seq = 5 WHERE id = $1')
    t.same(await range(ann, id, 4), { status: 'restart' })
    t.match(await range(ann, id, 5), { status: 'ok' })
  })

  await t.test('a seq with more changes than any answer holds restarts the range', async t => {
    const { people, ann, bob, group, range } = await fixture(limits.syncEntries + 2)
    const id = await group(ann, [bob])
    const text =
      'INSERT INTO membership (conversation_id, user_id, changed_seq, joined_seq) SELECT $1, unnest($2::int[]), 1, 1 ON CONFLICT DO NOTHING'
    await open.database.query({ name: 'test_crowd', text }, [id, people])
    t.same(await range(ann, id, 0), { status: 'restart' })
    t.match(await range(ann, id, 1), { status: 'ok' })
  })

  await t.test('positions above the head are named, and nothing else is answered', async t => {
    const { ann, bob, direct, read } = await fixture(2)
    const id = await direct(ann, bob)
    const ranges = [
      { conversationId: id, after: 2 as Seq },
      { conversationId: ABSENT, after: 9 as Seq }
    ]
    t.same(await read({ userId: ann, since: null, ranges, limit: 10 }), {
      status: 'above',
      conversationIds: [id],
      personal: null
    })
  })

  await t.test('the personal stream is read in the same snapshot as the rest', async t => {
    const { ann } = await fixture(2)
    const facts = { type: 'session_ended', session_id: randomUUID(), user_agent: '', reason: 'revoked' } as const
    await open.database.transaction(transaction => appendPersonalEvents(transaction, ann, [facts]))
    const beside = async () => Promise.reject(new Error('a query outside the snapshot'))
    const { read } = syncIn({ ...open.database, query: beside, transaction: beside }, 0)
    const personal = { after: 0 as Seq, limit: 10 }
    const answer = await read({ userId: ann, since: null, ranges: [], personal, limit: 10 })
    t.match(answer, { status: 'ok', changed: {}, personal: { head: 1, floor: 0, events: [{ seq: 1, facts }] } })
  })

  await t.test('several ranges share the limit, and deferred ranges say so', async t => {
    const { people, ann, bob, direct, say, read } = await fixture(4)
    const ids = await Promise.all([bob, people[2] as UserId, people[3] as UserId].map(other => direct(ann, other)))
    for (const id of ids) await say(id, ann, 'one', 'two')
    const ranges = ids.map(conversationId => ({ conversationId, after: ONE }))
    const answer = okState(await read({ userId: ann, since: undefined, ranges, limit: 3 }))
    t.match(answer, {
      changed: null,
      ranges: [
        { position: 3, conversation: { id: ids[0] } },
        { position: 2, conversation: { id: ids[1] } },
        { position: 1, head: 3, messages: { length: 0 }, conversation: null }
      ]
    })
  })

  await t.test('an answer ends at its limit of bytes, and one change always fits', async t => {
    const { ann, bob, direct, say, range } = await fixture(2)
    const id = await direct(ann, bob)
    const long = '😀'.repeat(limits.messageCharacters)
    await say(id, ann, ...Array.from({ length: 40 }, () => long))
    const { messages, position, head } = okRange(await range(bob, id, 1))
    t.equal(messages.length, Math.floor(limits.syncBytes / (16_000 + 700)))
    t.equal(position, messages.length + 1)
    t.equal(head, 41)
  })
}

await onEveryEngine(t, suite)
