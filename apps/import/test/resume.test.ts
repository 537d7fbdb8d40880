import type { Database } from '@rendezvous/api'
import t, { type Test } from 'tap'
import { loadFixture, onEveryTarget, openTarget, type Target } from './databases.ts'
import { bringOver, brokenInvariants, rowsOf } from './imports.ts'

const BATCH = 3

/** Everything that was imported, without new ids and current times. */
const STATE = `SELECT jsonb_build_object(
    'people', (SELECT jsonb_agg(to_jsonb(p) - 'password_changed_at' ORDER BY p.id) FROM person p),
    'keys', (SELECT jsonb_agg(to_jsonb(k) ORDER BY k.key) FROM login_key k),
    'blocks', (SELECT jsonb_agg(to_jsonb(b) ORDER BY b.blocker_id, b.blocked_id) FROM block b),
    'imported', (SELECT jsonb_agg(to_jsonb(i) - 'target_id' ORDER BY i.kind, i.source_key) FROM imported i),
    'conversations', (SELECT jsonb_agg(to_jsonb(c) - 'id' - 'changed_at' || jsonb_build_object(
      'members', (SELECT jsonb_agg(to_jsonb(s) - 'conversation_id' - 'changed_at' ORDER BY s.user_id) FROM membership s WHERE s.conversation_id = c.id),
      'messages', (SELECT jsonb_agg(to_jsonb(m) - 'conversation_id' - 'id' ORDER BY m.seq) FROM message m WHERE m.conversation_id = c.id))
      ORDER BY c.changed_at, c.id) FROM conversation c)) AS state`

type Store = Pick<Database, 'transaction'>

/** A database that fails before transaction number `last` commits. */
function failingAt({ transaction }: Store, last: number): Store {
  let begun = 0
  return {
    transaction: run => {
      begun++
      const isLast = begun === last
      return transaction(async on => {
        const answer = await run(on)
        if (isLast) throw new Error('the power failed')
        return answer
      })
    }
  }
}

async function suite(t: Test, target: Target): Promise<void> {
  const from = await loadFixture(t, 'chat-matching')
  const whole = await openTarget(t, target)
  await bringOver({ from, shape: 'chat-matching', database: whole.database })
  const [expected] = await rowsOf(whole.database, STATE)

  await t.test('after a kill in any batch, a second run ends as one run would have', async t => {
    const { database } = await openTarget(t, target)
    let killed = 0
    for (let last = 2; ; last += 2) {
      const work = bringOver({ from, shape: 'chat-matching', database: failingAt(database, last), batch: BATCH })
      const outcome = await work.then(
        () => 'done',
        (error: Error) => error.message
      )
      t.same(await brokenInvariants(database), [])
      if (outcome === 'done') break
      t.equal(outcome, 'the power failed')
      killed++
    }

    t.ok(killed > 5, `killed ${killed} times`)
    t.same(await rowsOf(database, STATE), [expected])
  })

  await t.test('an interrupted import ends after the batch and reports that it is not complete', async t => {
    const { database } = await openTarget(t, target)
    const interrupt = new AbortController()
    let batches = 0
    const counting: Store = {
      transaction: async run => {
        batches++
        if (batches === 4) interrupt.abort()
        return database.transaction(run)
      }
    }
    const { signal } = interrupt
    const report = await bringOver({ from, shape: 'chat-matching', database: counting, batch: BATCH, signal })

    t.match(report, { complete: false, kinds: { people: { brought: 9 }, messages: { read: 0 } } })
    t.equal(batches, 4)
    t.match(await bringOver({ from, shape: 'chat-matching', database }), { complete: true })
    t.same(await rowsOf(database, STATE), [expected])
  })

  await t.test('a dry run reports what a run would, and keeps nothing', async t => {
    const { database } = await openTarget(t, target)
    const dry = await bringOver({ from, shape: 'chat-matching', database, dryRun: true, batch: BATCH })
    for (const table of ['person', 'login_key', 'block', 'conversation', 'membership', 'message', 'imported']) {
      t.same(await rowsOf(database, `SELECT * FROM ${table}`), [], table)
    }
    const real = await bringOver({ from, shape: 'chat-matching', database, batch: BATCH })

    t.match(dry, { dry_run: true, complete: true })
    t.same(dry.kinds, real.kinds)
  })
}

await onEveryTarget(t, suite)
