import type { Seq } from '@rendezvous/contract'
import fc from 'fast-check'
import t from 'tap'
import { Guests } from '../src/guests.ts'

t.test('guests come and go as in a Map, whether there are none, one or many', async t => {
  const people = Array.from({ length: 4 }, (_, index) => ({ index }))
  const guest = fc.constantFrom(...people)
  const step = fc.oneof(fc.record({ comes: guest, since: fc.nat() }), fc.record({ goes: guest }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), steps => {
      const guests = new Guests<{ index: number }>()
      const map = new Map<{ index: number }, Seq>()
      for (const each of steps) {
        if ('comes' in each) {
          guests.set(each.comes, each.since as Seq)
          map.set(each.comes, each.since as Seq)
        } else t.equal(guests.delete(each.goes), map.delete(each.goes))
        t.strictSame([...guests], [...map])
        t.strictSame([...guests.all()], [...map.keys()])
        t.equal(guests.size, map.size)
        for (const person of people) t.equal(guests.get(person), map.get(person))
      }
    }),
    { seed: 4 }
  )
})

t.test('who goes through them may let each go', async t => {
  for (const count of [1, 3]) {
    const guests = new Guests<object>()
    for (let index = 0; index < count; index += 1) guests.set({}, 1 as Seq)
    let met = 0
    for (const [guest] of guests) {
      guests.delete(guest)
      met += 1
    }
    t.equal(met, count)
    t.equal(guests.size, 0)
  }
})
