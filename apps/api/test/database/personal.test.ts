import { type EndReason, limits, type PersonalFacts, type Seq, type UserId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { outboxIn } from '../../src/adapters/outbox.ts'
import { readStretch, tell } from '../../src/adapters/personal.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import type { PersonalChange } from '../../src/ports/personal.ts'
import { addPeople, onEveryEngine } from './engines.ts'

const NOTHING = 0 as Seq

/** That session `n` ended. */
function ending(n: number, reason: EndReason = 'revoked'): PersonalFacts {
  const session_id = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
  return { type: 'session_ended', session_id, user_agent: 'a phone', reason }
}

function seqsOf(events: readonly PersonalChange[]): number[] {
  return events.map(({ seq }) => seq)
}

const suite = async (t: Test, open: OpenDatabase) => {
  const { database } = open
  const since = (userId: UserId, after: Seq, limit: number) => readStretch(database, userId, after, limit)
  const outbox = outboxIn(database)
  const say = (userId: UserId, facts: readonly PersonalFacts[]) =>
    database.transaction(transaction => tell(transaction, userId, facts))
  const person = async () => (await addPeople(database, 1))[0] ?? (0 as UserId)

  await t.test('what is told takes the next values, and is read back as it was told', async t => {
    const userId = await person()
    const { events } = await say(userId, [ending(1), ending(2)])
    await say(userId, [ending(3)])

    t.match(events, [
      { userId, seq: 1, facts: ending(1), at: Date },
      { userId, seq: 2, facts: ending(2) }
    ])
    const all = await since(userId, NOTHING, 10)
    t.match(all, { head: 3, floor: 0 })
    t.strictSame(all.events.slice(0, 2), events)
    t.same(seqsOf((await since(userId, 1 as Seq, 1)).events), [2], 'the first of those above')
    t.strictSame(await since(userId, 3 as Seq, 10), { head: 3, floor: 0, events: [] })
  })

  await t.test('who was told nothing, and nobody at all, have an empty stream', async t => {
    const empty = { head: 0, floor: 0, events: [] }
    t.strictSame(await since(await person(), NOTHING, 10), empty)
    t.strictSame(await since(2_000_000_000 as UserId, NOTHING, 10), empty)
    t.strictSame(await say(2_000_000_000 as UserId, [ending(1)]), { events: [], outboxIds: [] })
  })

  await t.test('what is rolled back was never told', async t => {
    const userId = await person()
    const failing = database.transaction(async transaction => {
      await tell(transaction, userId, [ending(1)])
      throw new Error('something else failed')
    })
    await t.rejects(failing, /something else failed/)
    await say(userId, [ending(2)])

    t.match(await since(userId, NOTHING, 10), { head: 1, events: [{ seq: 1, facts: ending(2) }] })
  })

  await t.test('the newest thousand are kept, and the floor says what is not', async t => {
    const userId = await person()
    const kept = limits.personalEvents
    await say(
      userId,
      Array.from({ length: kept + 5 }, (_, n) => ending(n + 1))
    )
    const first = await since(userId, NOTHING, kept * 2)
    t.match(first, { head: kept + 5, floor: 5 })
    t.same([first.events.length, first.events[0]?.seq], [kept, 6])

    await say(userId, [ending(0)])
    t.match(await since(userId, NOTHING, 1), { floor: 6, events: [{ seq: 7 }] })
    const count = {
      name: 'test_count_events',
      text: 'SELECT count(*)::int AS rows FROM personal_event WHERE user_id = $1'
    }
    t.match(await database.query(count, [userId]), [{ rows: kept }], 'and its rows are gone')
  })

  await t.test('writers at the same moment leave neither gap nor double', async t => {
    const userId = await person()
    await Promise.all(Array.from({ length: 20 }, (_, n) => say(userId, [ending(2 * n), ending(2 * n + 1)])))

    const { events } = await since(userId, NOTHING, 100)
    t.same(
      seqsOf(events),
      Array.from({ length: 40 }, (_, n) => n + 1)
    )
  })

  await t.test('what was not announced is swept, ascending, without what is kept no more', async t => {
    await database.query({ name: 'test_empty', text: 'DELETE FROM outbox' })
    const [one, two] = [await person(), await person()]
    await say(one, [ending(1), ending(2)])
    await say(two, [ending(3)])
    const { outboxIds } = await say(two, [ending(4)])
    await outbox.done(outboxIds)
    await say(one, [ending(5)])
    const forget = { name: 'test_forget_event', text: 'DELETE FROM personal_event WHERE user_id = $1 AND seq = 1' }
    await database.query(forget, [one])

    const swept: PersonalChange[] = []
    const rows = await outbox.sweep(0, 100, async (changes, told) => {
      t.same(changes, [])
      swept.push(...told)
    })

    t.equal(rows, 3)
    t.match(swept, [
      { userId: one, seq: 2, facts: ending(2) },
      { userId: one, seq: 3, facts: ending(5) },
      { userId: two, seq: 1, facts: ending(3) }
    ])
    t.equal(swept.length, 3)
  })
}

await onEveryEngine(t, suite)
