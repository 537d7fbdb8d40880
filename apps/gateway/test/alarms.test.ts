import fc from 'fast-check'
import t from 'tap'
import { AWAKE, openAlarms, type Sleeper } from '../src/alarms.ts'
import type { Timers } from '../src/index.ts'
import { manualTimers } from './manual-timers.ts'

function sleeper(wake: () => void): Sleeper {
  return { wakesAt: 0, position: AWAKE, wake }
}

/** Timers that say how many wait. */
function counted(timers: Timers) {
  const waiting = new Set<object>()
  const after: Timers['after'] = (ms, run) => {
    const timer = {}
    waiting.add(timer)
    const cancel = timers.after(ms, () => {
      waiting.delete(timer)
      run()
    })
    return () => {
      waiting.delete(timer)
      cancel()
    }
  }
  return { timers: { ...timers, after }, waiting }
}

t.test('each is woken once, at the last moment it was set for and not before, on one timer', async t => {
  const who = fc.nat({ max: 9 })
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ set: who, ms: fc.integer({ min: 1, max: 50 }) }) },
    fc.record({ clear: who }),
    fc.record({ pass: fc.integer({ min: 1, max: 30 }) })
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), steps => {
      const manual = manualTimers()
      const { timers, waiting } = counted(manual)
      const alarms = openAlarms(timers)
      const woken: string[] = []
      const sleepers = Array.from({ length: 10 }, (_, index) =>
        sleeper(() => woken.push(`${index} at ${timers.elapsed()}`))
      )
      const expected = new Map<number, number>()

      for (const each of steps) {
        if ('set' in each) {
          alarms.set(sleepers[each.set] as Sleeper, each.ms)
          expected.set(each.set, timers.elapsed() + each.ms)
        } else if ('clear' in each) {
          alarms.clear(sleepers[each.clear] as Sleeper)
          expected.delete(each.clear)
        } else {
          manual.advance(each.pass)
          const due = [...expected].filter(([, at]) => at <= timers.elapsed())
          for (const [index] of due) expected.delete(index)
          t.strictSame(woken.splice(0).sort(), due.map(([index, at]) => `${index} at ${at}`).sort())
        }
        t.equal(waiting.size, expected.size > 0 ? 1 : 0)
      }
    }),
    { seed: 4, numRuns: 200 }
  )
})

t.test('who is woken may wait anew, and wake others later', async t => {
  const timers = manualTimers()
  const alarms = openAlarms(timers)
  const woken: string[] = []
  const other = sleeper(() => woken.push(`other at ${timers.elapsed()}`))
  const one = sleeper(() => {
    woken.push(`one at ${timers.elapsed()}`)
    if (woken.length === 1) alarms.set(one, 5)
    alarms.clear(other)
    alarms.set(other, 7)
  })
  alarms.set(one, 10)
  alarms.set(other, 10)
  timers.advance(30)
  t.strictSame(woken, ['one at 10', 'one at 15', 'other at 22'])
})
