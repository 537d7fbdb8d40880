import { setImmediate as nextTurn } from 'node:timers/promises'
import { ApiError } from '@rendezvous/contract'
import t from 'tap'
import { gathering } from '../../src/chat/gather.ts'

/** Milliseconds after which a batch counts as late. */
const [NEVER, AT_ONCE] = [60_000, 0]

/** The call `n` of one key. */
interface Call {
  readonly key: number
  readonly n: number
}

/** A batch that has started and that the test ends. */
interface Started {
  readonly calls: string[]
  readonly alone: boolean
  /** Answers each call with itself. */
  end(): void
  /** Answers null: a key is locked. */
  refuse(): void
  fail(error: Error): void
}

/** Calls whose batches the test ends. `next` resolves with the next batch that starts. */
function openCalls(lateAfterMs = NEVER, identityOf: { identityOf?: (call: Call) => string } = {}) {
  const started: Started[] = []
  const waiters: ((batch: Started) => void)[] = []
  const call = gathering<Call, string>({
    keyOf: ({ key }) => key,
    lateAfterMs,
    ...identityOf,
    carryOut: (batch, alone) =>
      new Promise((resolve, reject) => {
        const calls = batch.map(name)
        const one = { calls, alone, end: () => resolve(calls), refuse: () => resolve(null), fail: reject }
        const waiter = waiters.shift()
        if (waiter === undefined) started.push(one)
        else waiter(one)
      })
  })
  return {
    started,
    ask: (key: number, n = 1) => call({ key, n }),
    next(): Promise<Started> {
      const one = started.shift()
      return one === undefined ? new Promise(resolve => waiters.push(resolve)) : Promise.resolve(one)
    }
  }
}

function name({ key, n }: Call): string {
  return `${key}.${n}`
}

await t.test('calls of one turn of the event loop start at once, as one batch', async t => {
  const { ask, started } = openCalls()
  const answers = Promise.all([ask(1), ask(2), ask(1, 2)])
  await nextTurn()

  const [first] = started
  t.same(first?.calls, ['1.1', '2.1', '1.2'])
  first?.end()
  t.same(await answers, ['1.1', '2.1', '1.2'])
})

await t.test('calls made while a batch runs form the next batches, of a hundred calls at most', async t => {
  const { ask, next, started } = openCalls()
  const first = ask(1)
  const batch = await next()
  const others = Array.from({ length: 150 }, (_, n) => ask(2 + (n % 7), n))
  await nextTurn()
  t.same(started, [], 'no batch starts beside it')

  batch.end()
  await first
  const [second, third] = [await next(), next()]
  t.equal(second.calls.length, 100)
  second.end()
  t.equal((await third).calls.length, 50)
  const last = await third
  last.end()
  t.same(await Promise.all(others), [...second.calls, ...last.calls])
})

await t.test('a repeated call waits for the next batch, and later calls of its key wait behind it', async t => {
  const { ask, next, started } = openCalls(NEVER, { identityOf: name })
  const answers = Promise.all([ask(1), ask(2), ask(1), ask(1, 2), ask(3)])
  const first = await next()
  t.same(first.calls, ['1.1', '2.1', '3.1'])
  await nextTurn()
  t.same(started, [])

  first.end()
  const second = await next()
  t.same(second.calls, ['1.1', '1.2'])
  second.end()
  t.same(await answers, ['1.1', '2.1', '1.1', '1.2', '3.1'])
})

await t.test('repeated calls keep their order when their key turns out to be locked', async t => {
  const { ask, next } = openCalls(NEVER, { identityOf: name })
  const answers = Promise.all([ask(1), ask(1), ask(1, 2)])
  ;(await next()).refuse()

  const locked = await next()
  t.same([locked.calls, locked.alone], [['1.1'], true])
  locked.end()
  const free = await next()
  t.same([free.calls, free.alone], [['1.1', '1.2'], false])
  free.end()
  t.same(await answers, ['1.1', '1.1', '1.2'])
})

await t.test('beside a late batch one other starts, which has none of its keys', async t => {
  const { ask, next, started } = openCalls(AT_ONCE)
  const slow = [ask(1), ask(2)]
  const first = await next()
  const [same, other] = [ask(1, 2), ask(3)]

  const second = await next()
  t.same(second.calls, ['3.1'])
  const third = ask(4)
  await nextTurn()
  t.same(started, [], 'no third batch starts')

  second.end()
  t.equal(await other, '3.1')
  const after = await next()
  t.same(after.calls, ['4.1'], 'a call of a key in a running batch still waits')
  first.end()
  await Promise.all(slow)
  const last = await next()
  t.same(last.calls, ['1.2'])
  last.end()
  after.end()
  t.same(await Promise.all([same, third]), ['1.2', '4.1'])
})

await t.test('a batch that meets a locked key is halved until that key waits by itself', async t => {
  const { ask, next } = openCalls()
  const [locked, ...free] = [ask(1), ask(2), ask(3), ask(4)]
  const whole = await next()
  t.same(whole.calls, ['1.1', '2.1', '3.1', '4.1'])
  const [later, elsewhere] = [ask(1, 2), ask(5)]

  whole.refuse()
  const half = await next()
  t.same(half.calls, ['1.1', '2.1', '1.2'])
  half.refuse()
  const turn = await next()
  t.same(turn.calls, ['5.1'], 'other calls have their turn in between')
  turn.end()
  t.equal(await elsewhere, '5.1')
  const right = await next()
  t.same(right.calls, ['3.1', '4.1'])
  right.end()
  const left = await next()
  t.same([left.calls, left.alone], [['1.1', '1.2'], false])
  left.refuse()

  const [one, two] = [await next(), await next()]
  t.same([one.calls, one.alone], [['1.1', '1.2'], true])
  t.same([two.calls, two.alone], [['2.1'], false])
  two.end()
  t.same(await Promise.all(free), ['2.1', '3.1', '4.1'])
  one.end()
  t.same(await Promise.all([locked, later]), ['1.1', '1.2'])
})

await t.test('locked keys wait for their locks one at a time, and other keys go on', async t => {
  const { ask, next } = openCalls()
  const failing = ask(1)
  ;(await next()).refuse()
  const held = await next()
  t.same([held.calls, held.alone], [['1.1'], true])
  const behind = ask(2)
  ;(await next()).refuse()

  const elsewhere = ask(9)
  const batch = await next()
  t.same([batch.calls, batch.alone], [['9.1'], false])
  batch.end()
  t.equal(await elsewhere, '9.1')
  held.fail(new Error('locked for too long'))
  await t.rejects(failing, new Error('locked for too long'))
  const second = await next()
  t.same([second.calls, second.alone], [['2.1'], true])
  second.end()
  t.equal(await behind, '2.1')
})

await t.test('when the wait for a lock fails, calls of that key that were made since wait for it again', async t => {
  const { ask, next } = openCalls()
  const first = ask(1)
  ;(await next()).refuse()
  const alone = await next()
  const second = ask(1, 2)

  alone.fail(new Error('locked for too long'))
  await t.rejects(first, new Error('locked for too long'))
  const again = await next()
  t.same([again.calls, again.alone], [['1.2'], true])
  again.end()
  t.equal(await second, '1.2')
  const third = ask(1, 3)
  const free = await next()
  t.same([free.calls, free.alone], [['1.3'], false], 'a key whose lock was free joins the other batches again')
  free.end()
  await third
})

await t.test('beyond five locked keys the calls of a sixth are refused', async t => {
  const { ask, next } = openCalls()
  const first = ask(1)
  ;(await next()).refuse()
  let alone = await next()
  const blocked = [first]
  for (const key of [2, 3, 4, 5]) {
    blocked.push(ask(key))
    ;(await next()).refuse()
  }
  const sixth = ask(6)
  const batch = await next()
  const again = ask(6, 2)
  batch.refuse()
  for (const call of [sixth, again]) await t.rejects(call, new ApiError('unavailable', { retryAfter: 1 }))

  for (const call of blocked) {
    alone.end()
    t.equal(await call, alone.calls[0])
    if (call !== blocked.at(-1)) alone = await next()
  }
})

await t.test('a call above 10,000 unanswered ones is refused until answers make room', async t => {
  const { ask, next } = openCalls()
  const taken = Array.from({ length: 10_000 }, (_, n) => ask(n))

  await t.rejects(ask(10_000), new ApiError('unavailable', { retryAfter: 1 }))
  for (let batch = 0; batch < 100; batch += 1) (await next()).end()
  t.equal((await Promise.all(taken)).length, 10_000)
  const one = ask(7)
  ;(await next()).end()
  t.equal(await one, '7.1')
})

await t.test('when a batch fails its calls reject with the error, and the next batch starts', async t => {
  const { ask, next } = openCalls()
  const failing = ask(1)
  const batch = await next()
  const following = ask(1, 2)
  batch.fail(new Error('no'))
  await t.rejects(failing, new Error('no'))
  ;(await next()).end()
  t.equal(await following, '1.2')
})
