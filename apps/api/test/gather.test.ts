import { ApiError } from '@rendezvous/contract'
import t from 'tap'
import { gathering, oneAfterAnother } from '../src/services/gather.ts'

t.test('what comes at about the same time is carried out together, each answered under its place', async t => {
  const batches: number[][] = []
  const double = gathering(async (batch: readonly number[]) => {
    batches.push([...batch])
    return batch.map(each => each * 2)
  }, oneAfterAnother())
  t.same(await Promise.all([double(1), double(2), double(3)]), [2, 4, 6])
  t.same(batches, [[1, 2, 3]])
})

t.test('what comes when too much waits is refused, and taken again once there is room', async t => {
  const { opened, open } = gate()
  const slow = gathering(async (batch: readonly number[]) => {
    await opened
    return [...batch]
  }, oneAfterAnother())
  const taken = Array.from({ length: 10_000 }, (_, n) => slow(n))

  await t.rejects(slow(10_000), new ApiError('unavailable', { retryAfter: 1 }))
  open()
  t.equal((await Promise.all(taken)).length, 10_000)
  t.equal(await slow(7), 7)
})

t.test('batches follow one another', async t => {
  const { opened, open } = gate()
  const turn = oneAfterAnother(60_000)
  const begun: string[] = []
  const first = turn(async () => {
    begun.push('first')
    await opened
  })
  const second = turn(async () => begun.push('second'))

  await aMoment()
  t.same(begun, ['first'])
  open()
  await Promise.all([first, second])
  t.same(begun, ['first', 'second'])
})

t.test('beside a batch that takes long another begins, and no third', async t => {
  const { opened, open } = gate()
  const turn = oneAfterAnother(1)
  const slow = turn(() => opened)
  const quick = await turn(async () => 'done while the other waits')
  t.equal(quick, 'done while the other waits')

  const slowToo = turn(() => opened)
  let isThird = false
  const third = turn(async () => {
    isThird = true
  })
  await aMoment()
  t.notOk(isThird)
  open()
  await Promise.all([slow, slowToo, third])
  t.ok(isThird)
})

t.test('a batch that fails says so, and the next one begins', async t => {
  const turn = oneAfterAnother(60_000)
  const failing = turn(() => Promise.reject(new Error('no')))
  const next = turn(async () => 7)
  await t.rejects(failing, new Error('no'))
  t.equal(await next, 7)
})

function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {}
  const opened = new Promise<void>(resolve => {
    open = resolve
  })
  return { opened, open }
}

/** Some turns of the event loop, timers of a millisecond included: whatever may begin has begun. */
async function aMoment(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(resolve => setTimeout(resolve, 0))
}
