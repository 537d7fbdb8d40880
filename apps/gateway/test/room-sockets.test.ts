import type { Seq } from '@rendezvous/contract'
import fc from 'fast-check'
import t from 'tap'
import { RoomSockets } from '../src/rooms/room-sockets.ts'

t.test('sockets are added and removed as in a Map, whether there are none, one or many', async t => {
  const all = Array.from({ length: 4 }, (_, index) => ({ index }))
  const socket = fc.constantFrom(...all)
  const step = fc.oneof(fc.record({ added: socket, memberAsOf: fc.nat() }), fc.record({ removed: socket }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), steps => {
      const sockets = new RoomSockets<{ index: number }>()
      const map = new Map<{ index: number }, Seq>()
      for (const each of steps) {
        if ('added' in each) {
          sockets.set(each.added, each.memberAsOf as Seq)
          map.set(each.added, each.memberAsOf as Seq)
        } else t.equal(sockets.delete(each.removed), map.delete(each.removed))
        t.strictSame([...sockets], [...map])
        t.strictSame([...sockets.all()], [...map.keys()])
        t.equal(sockets.size, map.size)
        for (const each of all) t.equal(sockets.get(each), map.get(each))
      }
    }),
    { seed: 4 }
  )
})

t.test('each socket may be removed during an iteration', async t => {
  for (const count of [1, 3]) {
    const sockets = new RoomSockets<object>()
    for (let index = 0; index < count; index += 1) sockets.set({}, 1 as Seq)
    let visited = 0
    for (const [socket] of sockets) {
      sockets.delete(socket)
      visited += 1
    }
    t.equal(visited, count)
    t.equal(sockets.size, 0)
  }
})
