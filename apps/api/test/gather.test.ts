import { ApiError } from '@rendezvous/contract'
import t from 'tap'
import { gathering, takingTurns } from '../src/services/gather.ts'

t.test('what comes at about the same time is carried out together, each answered under its place', async t => {
  const batches: number[][] = []
  const double = gathering(async (batch: readonly number[]) => {
    batches.push([...batch])
    return batch.map(each => each * 2)
  }, takingTurns())
  t.same(await Promise.all([double(1), double(2), double(3)]), [2, 4, 6])
  t.same(batches, [[1, 2, 3]])
})

t.test('what comes when too much waits is refused, and taken again once there is room', async t => {
  let open = () => {}
  const opened = new Promise<void>(resolve => {
    open = resolve
  })
  const slow = gathering(async (batch: readonly number[]) => {
    await opened
    return [...batch]
  }, takingTurns())
  const taken = Array.from({ length: 10_000 }, (_, n) => slow(n))

  await t.rejects(slow(10_000), new ApiError('unavailable', { retryAfter: 1 }))
  open()
  t.equal((await Promise.all(taken)).length, 10_000)
  t.equal(await slow(7), 7)
})
