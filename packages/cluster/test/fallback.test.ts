import t from 'tap'
import { localWhenUnreachable } from '../src/fallback.ts'
import { memoryLimits } from '../src/memory/limits.ts'
import { memoryWire } from '../src/memory/wire.ts'

const once = { limit: 1, windowMs: 60_000 }

function openNodes() {
  let now = 0
  const clock = () => now
  const wire = memoryWire({ clock })
  const node = () => localWhenUnreachable(memoryLimits(wire), memoryLimits(memoryWire({ clock })), clock)
  return {
    wire,
    here: node(),
    there: node(),
    advance(ms: number) {
      now += ms
    }
  }
}

t.test('while the shared store answers, all nodes count together', async t => {
  const { here, there } = openNodes()
  t.match(await here.take('key', once), { allowed: true })
  t.match(await there.take('key', once), { allowed: false })
})

t.test('during an outage each node counts by itself, and a second after it all count together again', async t => {
  const { wire, here, there, advance } = openNodes()
  await here.take('shared', once)
  wire.goDown()
  t.match(await here.take('key', once), { allowed: true })
  t.match(await here.take('key', once), { allowed: false })
  t.match(await there.take('key', once), { allowed: true })

  wire.comeUp()
  t.match(await here.take('shared', once), { allowed: true }, 'it is not tried again for a second')
  advance(1_000)
  t.match(await here.take('shared', once), { allowed: false })
})

t.test('an error of the call itself is thrown', async t => {
  await t.rejects(openNodes().here.take('key', { limit: 0, windowMs: 1 }), RangeError)
})
