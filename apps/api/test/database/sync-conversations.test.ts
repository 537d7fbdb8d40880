import { randomUUID } from 'node:crypto'
import { type ConversationId, limits, type Seq, type UserId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import type { OpenDatabase } from '../../src/database/open.ts'
import { onEveryEngine } from './engines.ts'
import { syncFixture } from './sync-fixture.ts'

const ONE = 1 as Seq

async function suite(t: Test, open: OpenDatabase) {
  const fixture = (count: number) => syncFixture(open, count)

  await t.test('sync answers conversations that changed, and those that the user left', async t => {
    const { people, ann, bob, eve, direct, group, say, changed, age, receipts, conversations } = await fixture(4)
    const first = await direct(ann, bob)
    const second = await group(eve, [ann, bob])
    const other = await direct(eve, people[3] as UserId)
    await age()
    const all = await changed(ann, null)
    t.same(all.ids, [first, second])
    t.match(all, { more: false, restart: false, entries: [{ conversation: { id: first } }, {}] })

    t.same((await changed(ann, all.next)).ids, [], 'nothing changed')
    await say(first, bob, 'hello')
    t.same((await changed(ann, all.next)).ids, [first])
    await age()
    const sent = await changed(ann, null)
    t.match(sent.entries, [{ id: second }, { id: first, conversation: { unreadCount: 1, lastSeq: 2 } }])
    await receipts.advance([{ conversationId: second, userId: bob, readSeq: ONE }])
    t.same((await changed(ann, sent.next)).ids, [second], 'the watermark of another member moved')
    await age()
    const read = await changed(ann, null)
    await receipts.advance([{ conversationId: first, userId: ann, readSeq: 2 as Seq, private: true }])
    t.same((await changed(ann, read.next)).ids, [first], "the user's own watermark moved")
    t.same((await changed(bob, read.next)).ids, [], 'private reading is no change for the other person')
    await receipts.advance([{ conversationId: second, userId: bob, readSeq: 2 as Seq, private: true }])
    t.same((await changed(eve, read.next)).ids, [], 'private reading is no change for members of a group')
    await receipts.advance([{ conversationId: first, userId: ann, readSeq: 2 as Seq }])
    t.same(
      (await changed(bob, read.next)).ids,
      [second, first],
      'public reading is a change for the other person, and so is their own private reading'
    )
    await age()
    const mine = await changed(ann, null)
    await conversations.leave(second, ann)
    t.match(await changed(ann, mine.next), { entries: [{ id: second, conversation: null }] })
    t.same(
      (await changed(ann, null)).ids,
      [first],
      'a client without a since does not get conversations that were left'
    )
    t.same((await changed(people[3] as UserId, null)).ids, [other])
  })

  await t.test('a client that pages misses no conversation that changes meanwhile', async t => {
    const { people, ann, direct, say, changed } = await fixture(7)
    const ids: ConversationId[] = []
    for (const other of people.slice(1)) ids.push(await direct(ann, other))
    const seen: ConversationId[] = []
    let page = await changed(ann, null, 2)
    for (const id of [ids[0], ids[3]]) {
      seen.push(...page.ids)
      await say(id as ConversationId, ann, 'moved')
      page = await changed(ann, page.next, 2)
    }
    for (; page.more; page = await changed(ann, page.next, 2)) seen.push(...page.ids)
    seen.push(...page.ids)
    t.same(seen.slice(0, 2), ids.slice(0, 2))
    t.same([...new Set(seen)].sort(), [...ids].sort())
    t.same(seen.slice(-2), [ids[0], ids[3]], 'conversations that changed meanwhile come again on the last pages')
  })

  await t.test('a since that is too old or from another database restarts, and the answer says so', async t => {
    const { ann, bob, direct, changed, age } = await fixture(2)
    const id = await direct(ann, bob)
    await age()
    const { next } = await changed(ann, null)
    for (const since of [
      { ...next, origin: randomUUID() },
      { ...next, origin: '' },
      { ...next, at: next.at - limits.syncAgeMs - 1 }
    ])
      t.match(await changed(ann, since), { restart: true, ids: [id] })
    t.match(await changed(ann, { ...next, at: next.at + 86_400_000 }), { restart: false, ids: { length: 0 } })
  })

  await t.test('the overlap covers changes that were committed after their time', async t => {
    const { ann, bob, direct, changed } = await syncFixture(open, 2, 60_000)
    const id = await direct(ann, bob)
    const { next } = await changed(ann, null)
    const text = "UPDATE conversation SET changed_at = clock_timestamp() - interval '50 s' WHERE id = $1"
    await open.database.query({ name: 'test_late', text }, [id])
    t.same((await changed(ann, next)).ids, [id])
  })
}

await onEveryEngine(t, suite)
