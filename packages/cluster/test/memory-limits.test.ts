import t from 'tap'
import { memoryLimits } from '../src/memory/limits.ts'
import { memoryWire } from '../src/memory/wire.ts'
import { limitsSuite, type MakeLimitsNodes } from './suites/limits.ts'

const makeNodes: MakeLimitsNodes = async () => {
  let now = 1_800_000_000_000
  const wire = memoryWire({ clock: () => now })
  return {
    here: memoryLimits(wire),
    there: memoryLimits(wire),
    advance(ms) {
      now += ms
    }
  }
}
const once = { limit: 1, windowMs: 1_000 }

t.test('the memory limits pass the suite of every limits port', t => limitsSuite(t, makeNodes))

t.test('above the bound the least recently used key is dropped', async t => {
  const limits = memoryLimits(memoryWire({ clock: () => 0, bounds: { limits: 2 } }))
  await limits.take('old', once)
  await limits.take('hammered', once)
  await limits.take('old', once)
  await limits.take('new', once)
  t.match(await limits.take('old', once), { allowed: false })
  t.match(await limits.take('hammered', once), { allowed: true })
})

t.test('a clock that goes back allows no further use', async t => {
  let now = 10_000
  const limits = memoryLimits(memoryWire({ clock: () => now }))
  await limits.take('key', once)
  now = 0
  t.match(await limits.take('key', once), { allowed: false, retryAfterMs: 1_000 })
})

t.test('every call rejects while the cluster is down', async t => {
  const wire = memoryWire({ clock: () => 0 })
  wire.goDown()
  await t.rejects(memoryLimits(wire).take('key', once), { code: 'unreachable' })
})
