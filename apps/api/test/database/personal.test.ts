import { type EndReason, limits, type PersonalFacts, type Seq, type UserId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { outboxIn } from '../../src/announce/outbox/adapter.ts'
import { appendPersonalEvents, readStretch } from '../../src/announce/personal/adapter.ts'
import type { PersonalChange } from '../../src/announce/personal/port.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import { recordingBus } from '../recording.ts'
import { addPeople, onEveryEngine } from './engines.ts'
import { ageOutbox, sweeperOver } from './sweeping.ts'

const NOTHING = 0 as Seq

/** The facts of the end of session `n`. */
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
    database.transaction(transaction => appendPersonalEvents(transaction, userId, facts))
  const person = async () => (await addPeople(database, 1))[0] ?? (0 as UserId)

  await t.test('an event takes the next seq, and is read back as it was stored', async t => {
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
    t.same(seqsOf((await since(userId, 1 as Seq, 1)).events), [2], 'the first event above a seq')
    t.strictSame(await since(userId, 3 as Seq, 10), { head: 3, floor: 0, events: [] })
  })

  await t.test('people without events, and absent people, have an empty stream', async t => {
    const empty = { head: 0, floor: 0, events: [] }
    t.strictSame(await since(await person(), NOTHING, 10), empty)
    t.strictSame(await since(2_000_000_000 as UserId, NOTHING, 10), empty)
    t.strictSame(await say(2_000_000_000 as UserId, [ending(1)]), { events: [], outboxIds: [] })
  })

  await t.test('an event of a transaction that is rolled back takes no seq', async t => {
    const userId = await person()
    const failing = database.transaction(async transaction => {
      await appendPersonalEvents(transaction, userId, [ending(1)])
      throw new Error('something else failed')
    })
    await t.rejects(failing, /something else failed/)
    await say(userId, [ending(2)])

    t.match(await since(userId, NOTHING, 10), { head: 1, events: [{ seq: 1, facts: ending(2) }] })
  })

  await t.test('the newest thousand events are kept, and the floor is the last seq that is not', async t => {
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
    t.match(await database.query(count, [userId]), [{ rows: kept }], 'the rows of older events are deleted')
  })

  await t.test('concurrent writers take every seq once', async t => {
    const userId = await person()
    await Promise.all(Array.from({ length: 20 }, (_, n) => say(userId, [ending(2 * n), ending(2 * n + 1)])))

    const { events } = await since(userId, NOTHING, 100)
    t.same(
      seqsOf(events),
      Array.from({ length: 40 }, (_, n) => n + 1)
    )
  })

  await t.test('a sweep announces events in order, without those that are no longer kept', async t => {
    await database.query({ name: 'test_empty', text: 'DELETE FROM outbox' })
    const [one, two] = [await person(), await person()]
    await say(one, [ending(1), ending(2)])
    await say(two, [ending(3)])
    const { outboxIds } = await say(two, [ending(4)])
    await outbox.done(outboxIds)
    await say(one, [ending(5)])
    const forget = { name: 'test_forget_event', text: 'DELETE FROM personal_event WHERE user_id = $1 AND seq = 1' }
    await database.query(forget, [one])

    const { bus, take } = recordingBus()
    await ageOutbox(database)

    t.equal(await sweeperOver(database, bus.publish).sweep(), 3)
    const frames = take().flatMap(delivery => delivery.frames)
    const of = (userId: UserId, seq: number, n: number) => ({ stream: `user:${userId}`, seq, ...ending(n) })
    t.match(
      frames.sort((a, b) => a.stream.localeCompare(b.stream) || a.seq - b.seq),
      [of(one, 2, 2), of(one, 3, 5), of(two, 1, 3)]
    )
    t.equal(frames.length, 3)
  })
}

await onEveryEngine(t, suite)
