import { setImmediate as turn } from 'node:timers/promises'
import { limits } from '@rendezvous/contract'
import t from 'tap'
import { reportQueue } from '../src/backend/report-queue.ts'
import { manualTimers } from './manual-timers.ts'

interface Report {
  readonly key: number
  readonly value: string
}

/** A queue of at most 300 reports that gathers for 10 ms, and the batches that it sent. */
function openQueue() {
  const timers = manualTimers()
  const batches: (readonly Report[])[] = []
  const refusals: unknown[] = []
  let take: (batch: readonly Report[]) => Promise<void> = async () => {}
  const queue = reportQueue<number, Report>({
    keyOf: ({ key }) => key,
    send(batch) {
      batches.push(batch)
      return take(batch)
    },
    max: 300,
    delayMs: 10,
    timers,
    onRefused: error => refusals.push(error)
  })
  const add = (value: string, ...keys: number[]) => {
    for (const key of keys) queue.add({ key, value })
  }
  const answer = (how: typeof take) => {
    take = how
  }
  return { ...queue, add, answer, batches, refusals, timers }
}

const upTo = (count: number) => Array.from({ length: count }, (_, key) => key)
const refuse = () => Promise.reject(new Error('no api'))
const sent = (batches: readonly (readonly Report[])[]) =>
  batches.map(batch => batch.map(({ key, value }) => `${key} ${value}`))

t.test('reports are gathered, and of two with the same key the newer is sent', async t => {
  const { add, batches, timers } = openQueue()
  add('old', 1, 2)
  add('new', 1)
  timers.advance(9)
  t.same(batches, [])
  timers.advance(1)
  t.same(sent(batches), [['2 old', '1 new']])
})

t.test('many reports are sent in batches, one after the other', async t => {
  const { add, batches, flush, answer } = openQueue()
  let underWay = 0
  answer(async () => {
    underWay += 1
    await turn()
    t.equal(underWay, 1)
    underWay -= 1
  })
  add('one', ...upTo(120))
  await Promise.all([flush(), flush()])
  t.same(
    batches.map(({ length }) => length),
    [limits.backendBatch, limits.backendBatch, 20]
  )
})

t.test('above the bound the oldest are dropped', async t => {
  const { add, batches, flush } = openQueue()
  add('one', ...upTo(305))
  await flush()
  const keys = batches.flat().map(({ key }) => key)
  t.same(keys, upTo(305).slice(5))
})

t.test('a report that replaced another is no longer the oldest', async t => {
  const { add, batches, flush } = openQueue()
  add('old', ...upTo(300))
  add('new', 0)
  add('old', 300)
  await flush()
  t.same(sent(batches).flat().slice(-2), ['0 new', '300 old'])
  t.notOk(sent(batches).flat().includes('1 old'), 'the oldest is dropped')
})

t.test('a refused batch waits for the next flush, without reports that were replaced', async t => {
  const { add, batches, flush, answer, refusals } = openQueue()
  answer(() => {
    add('new', 1)
    return refuse()
  })
  add('old', 1, 2)
  await flush()
  t.equal(refusals.length, 1)
  t.equal(batches.length, 1, 'not tried again at once')
  answer(async () => {})
  await flush()
  t.same(sent(batches.slice(1)), [['1 new', '2 old']])
})

t.test('refused reports give way to newer ones when the queue is full', async t => {
  const { add, batches, flush, answer } = openQueue()
  answer(() => {
    add('new', ...upTo(300))
    return refuse()
  })
  add('old', 1_000)
  await flush()
  answer(async () => {})
  batches.length = 0
  await flush()
  t.same(
    batches.flat().map(({ value }) => value),
    upTo(300).map(() => 'new')
  )
})
