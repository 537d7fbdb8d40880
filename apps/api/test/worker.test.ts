import { mock } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { every } from '../src/ticker.ts'
import { startWorker } from '../src/worker.ts'

const SECOND = 1_000
const HOUR = 3_600_000

t.beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
t.afterEach(() => mock.timers.reset())

/** Advances the clock, and lets the work that became due end. */
async function pass(ms: number): Promise<void> {
  mock.timers.tick(ms)
  await nextTurn()
}

t.test('a ticker waits again after each run, and starts none beside another', async t => {
  const runs: (() => void)[] = []
  const ticker = every(SECOND, () => new Promise<void>(resolve => runs.push(resolve)))
  t.equal(runs.length, 0)
  await pass(SECOND)
  await pass(5 * SECOND)
  t.equal(runs.length, 1)

  runs[0]?.()
  await nextTurn()
  await pass(SECOND)
  t.equal(runs.length, 2)
  runs[1]?.()
  await ticker.stop()
})

t.test('a ticker that stops waits for its run and starts no other', async t => {
  let end = () => {}
  let runs = 0
  const ticker = every(SECOND, () => {
    runs += 1
    return new Promise<void>(resolve => {
      end = resolve
    })
  })
  await pass(SECOND)
  let isStopped = false
  const stopped = ticker.stop().then(() => {
    isStopped = true
  })
  await nextTurn()
  t.notOk(isStopped)

  end()
  await stopped
  await pass(5 * SECOND)
  t.equal(runs, 1)
})

t.test(
  'a worker sweeps, reserves names and reindexes every second, and purges and tidies every hour, though some fail',
  async t => {
    const done: string[] = []
    let reserved = 0
    const worker = startWorker({
      sweeper: { sweep: async () => done.push('sweep') },
      names: {
        reserve: async () => {
          reserved += 1
        }
      },
      peopleSearch: { index: async () => {} },
      reindexer: { run: () => Promise.reject(new Error('no')) },
      sessions: { purge: () => Promise.reject(new Error('no')) },
      audit: {
        purge: async () => done.push('audit')
      },
      tidy: async () => void done.push('tidy'),
      warn: (_, what) => done.push(what)
    })
    await pass(SECOND)
    await pass(SECOND)
    const second = ['sweep', 'making the words of stored messages']
    t.same(done, [...second, ...second])
    t.equal(reserved, 2, 'the keys of names are reserved every second')

    await pass(HOUR)
    t.same(done.slice(6).sort(), ['audit', 'purging sessions', 'tidy'])
    await worker.stop()
    await pass(HOUR)
    t.equal(done.length, 9)
  }
)
