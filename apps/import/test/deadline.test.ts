import type { Database } from '@rendezvous/api'
import t from 'tap'
import { newTotals } from '../src/report.ts'
import { BatchTooLong, inBatch } from '../src/steps/step.ts'
import { loadFixture, needsServer, openTarget } from './databases.ts'
import { bringOver, rowsOf } from './imports.ts'

t.test(
  'a batch that takes longer than sync allows is rolled back, and the next run goes on',
  needsServer(),
  async t => {
    const [from, { database }] = [await loadFixture(t, 'gmessagerie'), await openTarget(t, 'PostgreSQL')]
    const run = (longestBatchMs: number) => bringOver({ from, shape: 'gmessagerie', database, longestBatchMs })

    await t.rejects(run(0), BatchTooLong)
    t.same(await rowsOf(database, 'SELECT * FROM person'), [])
    t.same(await rowsOf(database, 'SELECT * FROM imported'), [])
    t.match(await run(Number.POSITIVE_INFINITY), { complete: true, kinds: { people: { brought: 3 } } })
  }
)

t.test('a batch that ran into a statement timeout or a lock timeout is too long', async t => {
  const totals = newTotals()
  const failing = (error: Error): Pick<Database, 'transaction'> => ({
    transaction: async () => {
      throw error
    }
  })
  const run = (error: Error) =>
    inBatch({ source: 'old', database: failing(error), longestBatchMs: 0, totals }, async () => {})

  for (const code of ['57014', '55P03']) {
    await t.rejects(run(Object.assign(new Error('canceling statement'), { code })), BatchTooLong)
  }
  await t.rejects(run(new Error('a bug')), { message: 'a bug' })
})
