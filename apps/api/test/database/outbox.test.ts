import { EventEmitter, once } from 'node:events'
import type { Bus } from '@rendezvous/cluster'
import type { UserId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { outboxIn } from '../../src/announce/outbox/adapter.ts'
import { appendPersonalEvents } from '../../src/announce/personal/adapter.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import { recordingBus } from '../recording.ts'
import { directFixture } from './direct-fixture.ts'
import { addPeople, onEveryEngine } from './engines.ts'
import { ageOutbox, sweeperOver } from './sweeping.ts'

/** Counts the idle open transactions of this database, without that of the query. */
const PENDING = {
  name: 'test_pending_transactions',
  text: `SELECT count(*)::int AS transactions FROM pg_stat_activity
    WHERE datname = current_database() AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()`
}

async function suite(t: Test, open: OpenDatabase) {
  const outbox = outboxIn(open.database)
  /** Sweeps all rows, also young ones. */
  const sweep = async (publish: Bus['publish'] = async () => {}) => {
    await ageOutbox(open.database)
    return sweeperOver(open.database, publish).sweep()
  }

  await t.test('a sweep announces every change that a crash left unannounced, once and in order', async t => {
    await sweep()
    const { ann, bob, id, say, conversations } = await directFixture(open)
    await say(ann, 'a', 'b')
    await conversations.leave(id, bob)
    await say(ann, 'c')
    const { bus, take } = recordingBus()

    t.equal(await sweep(bus.publish), 4)
    const published = take()
    const topics = [`user:${ann}`, `user:${bob}`]
    t.match(published, [{ topics, header: { kind: 'events', conversation: id, from: 1, to: 5 } }])
    t.same(
      published.flatMap(({ frames }) => frames.map(({ type }) => type)),
      ['conversation_created', 'message_created', 'message_created', 'resync', 'message_created']
    )
    t.match(published[0]?.frames[1], { content: 'a', from: ann, to: bob })
    t.equal(await sweep(bus.publish), 0)
    t.same(take(), [])
  })

  await t.test('a sweep skips rows that are done, and rows that are too young', async t => {
    await sweep()
    const { ann, say } = await directFixture(open)
    const [answer] = await say(ann, 'x')
    if (answer?.status !== 'created') throw new Error('not created')
    const { bus, take } = recordingBus()

    t.equal(await sweeperOver(open.database, bus.publish).sweep(), 0)
    await outbox.done([answer.outboxId, 987_654_321])
    t.equal(await sweep(bus.publish), 1)
    t.match(take(), [{ frames: [{ seq: 1, type: 'conversation_created' }] }])
  })

  await t.test('a claimed row can be claimed again after its release or the end of its lease', async t => {
    await sweep()
    const { ann, say } = await directFixture(open)
    await say(ann, 'x')
    const claim = (leaseMs: number, limit = 100) => outbox.claim({ olderThanMs: 0, leaseMs, limit })
    const idsOf = (rows: readonly { readonly id: number }[]) => rows.map(({ id }) => id)

    const claimed = idsOf(await claim(60_000, 1))
    t.equal(claimed.length, 1, 'no more than the limit')
    claimed.push(...idsOf(await claim(60_000)))
    t.equal(claimed.length, 2)
    t.same(await claim(60_000), [], 'a claimed row is not claimed twice')

    await outbox.release(claimed)
    t.same(idsOf(await claim(-1_000)), claimed, 'after its release')
    t.same(idsOf(await claim(60_000)), claimed, 'after a lease that has ended')
    await outbox.done(claimed)
  })

  await t.test('rows above the age limit are deleted', async t => {
    await sweep()
    const { ann, say } = await directFixture(open)
    await say(ann, 'x')

    const expire = (maxAgeMs: number, userMaxAgeMs: number, limit: number) =>
      outbox.expire({ maxAgeMs, userMaxAgeMs, limit })
    t.equal(await expire(3_600_000, -1_000, 100), 0)
    t.equal(await expire(-1_000, 3_600_000, 1), 1, 'no more than the limit')
    t.equal(await expire(-1_000, 3_600_000, 100), 1)
    t.same(await outbox.claim({ olderThanMs: 0, leaseMs: 1, limit: 100 }), [])
  })

  await t.test('rows of users have an age limit of their own', async t => {
    await sweep()
    const [ann] = (await addPeople(open.database, 1)) as [UserId]
    const ended = { type: 'session_ended', session_id: 'a', user_agent: '', reason: 'logged_out' } as const
    await open.database.transaction(transaction => appendPersonalEvents(transaction, ann, [ended]))

    t.equal(await outbox.expire({ maxAgeMs: -1_000, userMaxAgeMs: 3_600_000, limit: 100 }), 0)
    t.equal(await outbox.expire({ maxAgeMs: 3_600_000, userMaxAgeMs: -1_000, limit: 100 }), 1)
  })

  await t.test('a bus that hangs holds neither a transaction nor a database connection', async t => {
    await sweep()
    const { ann, say } = await directFixture(open)
    await say(ann, 'x')
    const bus = new EventEmitter()
    const swept = sweep(async () => {
      const taken = once(bus, 'taken')
      bus.emit('publishing')
      await taken
    })
    await once(bus, 'publishing')

    t.same(await open.database.transaction(transaction => transaction.query(PENDING)), [{ transactions: 0 }])
    bus.emit('taken')
    t.equal(await swept, 2)
  })

  await t.test('while a worker announces rows, another takes none of them', async t => {
    await sweep()
    const { ann, say } = await directFixture(open)
    await say(ann, 'x')
    const { bus, take } = recordingBus()

    const swept = await sweep(async () => {
      t.equal(await sweeperOver(open.database, bus.publish).sweep(), 0)
    })

    t.equal(swept, 2)
    t.same(take(), [])
  })
}

await onEveryEngine(t, suite)
