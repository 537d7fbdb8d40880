import { limits, type Seq, type UserId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import type { OpenDatabase } from '../../src/database/open.ts'
import { onEveryEngine } from './engines.ts'
import { syncFixture } from './sync-fixture.ts'

const DEAF_MS = 1_800_000
/** In seconds: longer than DEAF_MS. */
const HOUR = 3_600

async function suite(t: Test, open: OpenDatabase) {
  const fixture = async (count: number) => {
    const here = await syncFixture(open, count)
    const missedBy = async (userId: UserId) => (await here.missed([{ userId, deafMs: DEAF_MS }]))[0]
    return { ...here, missedBy }
  }

  await t.test('both people may have missed every change of a direct conversation', async t => {
    const { ann, bob, eve, direct, say, receipts, conversations, missedBy, age } = await fixture(3)
    const id = await direct(ann, bob)
    const other = await direct(ann, eve)
    const quiet = { conversationId: id, receipts: false }
    t.match(await missedBy(bob), [{ conversationId: id, headSeq: 1 }], 'the conversation was created')
    await age(HOUR)
    t.same([await missedBy(ann), await missedBy(bob)], [[], []], 'nothing changed')
    await say(id, ann, 'hello')
    for (const userId of [ann, bob]) t.same(await missedBy(userId), [{ ...quiet, headSeq: 2 }])
    await age(HOUR)
    const reading = { conversationId: id, userId: bob, readSeq: 2 as Seq }
    const read = { conversationId: id, headSeq: 2, receipts: true }
    await receipts.advance([{ ...reading, private: true }])
    t.same([await missedBy(bob), await missedBy(ann)], [[read], []], 'private reading')
    await age(HOUR)
    await receipts.advance([reading])
    for (const userId of [ann, bob]) t.same(await missedBy(userId), [read])
    await say(id, ann, 'again')
    await age(HOUR)
    await receipts.advance([{ ...reading, readSeq: 3 as Seq, private: true }])
    const again = { ...read, headSeq: 3 }
    t.same([await missedBy(bob), await missedBy(ann)], [[again], []], 'private reading, after public reading')
    await age(HOUR)
    await conversations.leave(id, bob)
    for (const userId of [ann, bob])
      t.same(await missedBy(userId), [{ ...quiet, headSeq: 4, receipts: userId === ann }])
    await age(HOUR)
    await say(other, eve, 'elsewhere')
    t.same(await missedBy(bob), [])
  })

  await t.test('of a group a person misses only changes about themselves, on their own topic', async t => {
    const { ann, bob, eve, group, say, receipts, conversations, missedBy, age } = await fixture(3)
    const id = await group(ann, [bob, eve])
    t.match(await missedBy(bob), [{ conversationId: id, headSeq: 1 }])
    await age(HOUR)
    await say(id, ann, 'the room hears it')
    await receipts.advance([{ conversationId: id, userId: eve, readSeq: 2 as Seq }])
    t.same(await missedBy(bob), [])
    t.same(
      await missedBy(eve),
      [{ conversationId: id, headSeq: 1, receipts: true }],
      'the other devices of the reader miss the receipt'
    )
    await conversations.leave(id, bob)
    t.same(await missedBy(bob), [{ conversationId: id, headSeq: 3, receipts: false }])
    t.same(await missedBy(ann), [])
  })

  await t.test('each question has its own answer and its own bound', async t => {
    const { people, ann, bob, direct, missed, missedBy, age } = await fixture(limits.missedConversations + 2)
    for (const other of people.slice(1, -1)) await direct(ann, other)
    await age(HOUR)
    const last = people.at(-1) as UserId
    const id = await direct(ann, last)
    const asked = [DEAF_MS, HOUR * 10_000].map(deafMs => ({ userId: ann, deafMs }))
    const answers = await missed([...asked, { userId: bob, deafMs: HOUR * 10_000 }])
    t.match(answers, [[{ conversationId: id }], null, [{ headSeq: 1 }]])
    t.same(await missedBy(last), answers[0])
    t.same(await missed([]), [])
  })

  await t.test(
    'the overlap covers changes that were committed after their time, and is short for receipts',
    async t => {
      const { ann, bob, direct, say, receipts, missed } = await syncFixture(open, 2, 60_000)
      const id = await direct(ann, bob)
      await say(id, ann, 'hello')
      await receipts.advance([{ conversationId: id, userId: bob, readSeq: 2 as Seq }])
      const age = async (table: string, column: string, ms: number) => {
        const text = `UPDATE ${table} SET changed_at = clock_timestamp() - $2::int * interval '1 ms' WHERE ${column} = $1`
        await open.database.query({ name: `test_date_${table}`, text }, [id, ms])
      }
      const changedAgo = async (conversationMs: number, membershipMs: number) => {
        await age('conversation', 'id', conversationMs)
        await age('membership', 'conversation_id', membershipMs)
      }
      const ask = () => missed([{ userId: ann, deafMs: 0 }])
      await changedAgo(50_000, 600_000)
      t.same(await ask(), [[{ conversationId: id, headSeq: 2, receipts: false }]])
      await changedAgo(600_000, 50_000)
      t.same(await ask(), [[{ conversationId: id, headSeq: 2, receipts: false }]])
      await changedAgo(600_000, 0)
      t.same(await ask(), [[{ conversationId: id, headSeq: 2, receipts: true }]])
      await changedAgo(600_000, 600_000)
      t.same(await ask(), [[]])
    }
  )
}

await onEveryEngine(t, suite)
