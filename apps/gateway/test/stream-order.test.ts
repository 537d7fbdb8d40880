import fc from 'fast-check'
import t from 'tap'
import { HOLD_EVENTS, HOLD_MS, StreamOrder, WINDOW } from '../src/hub/stream-order.ts'

/** Passes in the events `seqs` at the moment `at`, and returns the released ones. */
function feed(order: StreamOrder<number>, seqs: readonly number[], at = 0): number[] {
  return seqs.flatMap(seq => order.event(seq, seq, at))
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)

t.test('events in order are released at once, whatever the first one is', async t => {
  const order = new StreamOrder<number>()
  t.same(feed(order, [7, 8, 9]), [7, 8, 9])
  t.equal(order.deadline(), null)
})

t.test('an early event waits for the events before it', async t => {
  const order = new StreamOrder<number>()
  t.same(feed(order, [1, 4, 3]), [1])
  t.same(feed(order, [2]), [2, 3, 4])
  t.equal(order.deadline(), null)
})

t.test('after the hold time an early event is released with a visible gap', async t => {
  const order = new StreamOrder<number>()
  feed(order, [1, 4], 0)
  feed(order, [6], 400)
  t.equal(order.deadline(), HOLD_MS)
  t.same(order.expire(HOLD_MS - 1), [])
  t.same(order.expire(HOLD_MS), [4])
  t.equal(order.deadline(), 400 + HOLD_MS)
  t.same(feed(order, [5], HOLD_MS), [5, 6])
})

t.test('an event that waited less is released with a later one whose time is over', async t => {
  const order = new StreamOrder<number>()
  feed(order, [1, 9], 0)
  feed(order, [5, 6], 400)
  t.same(order.expire(HOLD_MS), [5, 6, 9])
})

t.test('when too many events wait the lowest is released with a visible gap', async t => {
  const order = new StreamOrder<number>()
  const early = Array.from({ length: HOLD_EVENTS + 1 }, (_, index) => index + 3)
  feed(order, [1])
  t.same(feed(order, early.slice(0, -1)), [])
  t.same(feed(order, early.slice(-1)), early)
})

t.test('doubles of waiting and of released events are dropped', async t => {
  const order = new StreamOrder<number>()
  t.same(feed(order, [1, 1, 2, 4, 4, 1, 3, 3, 4, 2]), [1, 2, 3, 4])
})

t.test('a late event that was not released is released late, once', async t => {
  const order = new StreamOrder<number>()
  feed(order, [10, 13])
  order.expire(HOLD_MS)
  t.same(feed(order, [12, 12, 11, 13, 10]), [12, 11])
  t.same(feed(order, [8, 9, 8, 9, 7]), [8, 9, 7], 'also from before the first event')
})

t.test('below the window a late event is released rather than lost', async t => {
  const order = new StreamOrder<number>()
  feed(order, [1_000])
  t.same(feed(order, [1_001 - WINDOW, 1_001 - WINDOW]), [1_001 - WINDOW])
  t.same(feed(order, [3, 3]), [3, 3])
})

t.test('a gap of any size takes bounded memory', async t => {
  const order = new StreamOrder<number>()
  feed(order, [1, 2_000_000_000])
  t.same(order.expire(HOLD_MS), [2_000_000_000])
  t.same(feed(order, [1_999_999_999, 1_999_999_999]), [1_999_999_999])
})

t.test('many gaps take bounded memory, and the newest are still known', async t => {
  const order = new StreamOrder<number>()
  for (let seq = 1; seq < 4_000; seq += 4) {
    feed(order, [seq])
    order.flush()
  }
  t.same(feed(order, [3_996, 3_996, 3_997, 3_995]), [3_996, 3_995])
  t.same(feed(order, [3, 3]), [3, 3], 'older ones are forgotten')
})

t.test('a courtesy', async t => {
  await t.test('is released at once when the stream is unknown', async t => {
    t.same(new StreamOrder<string>().courtesy(9, 'read', 0), ['read'])
  })

  await t.test('is released at once when the event before it was released', async t => {
    const order = new StreamOrder<string>()
    order.event(9, 'message', 0)
    t.same(order.courtesy(9, 'read', 0), ['read'])
  })

  await t.test('waits for the event before it, in order with other courtesies', async t => {
    const order = new StreamOrder<string>()
    order.event(8, 'eight', 0)
    t.same(order.courtesy(10, 'delivered', 0), [])
    t.same(order.courtesy(10, 'read', 0), [])
    t.same(order.event(10, 'ten', 0), [])
    t.same(order.event(9, 'nine', 0), ['nine', 'ten', 'delivered', 'read'])
  })

  await t.test('waits no longer than an event does', async t => {
    const order = new StreamOrder<string>()
    order.event(8, 'eight', 0)
    order.courtesy(10, 'read', 100)
    t.equal(order.deadline(), 100 + HOLD_MS)
    t.same(order.expire(100 + HOLD_MS), ['read'])
  })

  await t.test('is released early when too many wait', async t => {
    const order = new StreamOrder<number>()
    order.event(1, 0, 0)
    const out = upTo(HOLD_EVENTS + 2).flatMap(n => order.courtesy(5, n, 0))
    t.same(out, [1, 2])
  })
})

t.test('any interleaving with doubles releases each event once, in order when all arrive in time', async () => {
  const arrivals = fc.integer({ min: 1, max: WINDOW }).chain(last =>
    fc.record({
      last: fc.constant(last),
      shuffled: fc.shuffledSubarray(upTo(last).slice(1), { minLength: last - 1, maxLength: last - 1 }),
      doubles: fc.array(fc.integer({ min: 1, max: last }), { maxLength: 50 })
    })
  )
  fc.assert(
    fc.property(arrivals, fc.gen(), ({ last, shuffled, doubles }, gen) => {
      const seqs = [...shuffled]
      for (const double of doubles) seqs.splice(gen(fc.nat, { max: seqs.length }), 0, double)
      const out = feed(new StreamOrder<number>(), [1, ...seqs])
      return out.length === last && out.every((seq, index) => seq === index + 1)
    })
  )
})

t.test('any interleaving, however late, releases each event once', async () => {
  const step = fc.record({ seq: fc.integer({ min: 1, max: WINDOW }), wait: fc.integer({ min: 0, max: 2 * HOLD_MS }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), steps => {
      const order = new StreamOrder<number>()
      const out: number[] = []
      let now = 0
      for (const { seq, wait } of steps) {
        now += wait
        out.push(...order.expire(now), ...order.event(seq, seq, now))
      }
      out.push(...order.flush())
      const expected = [...new Set(steps.map(({ seq }) => seq))].sort((a, b) => a - b)
      return JSON.stringify(out.sort((a, b) => a - b)) === JSON.stringify(expected)
    })
  )
})
