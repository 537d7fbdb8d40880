import fc from 'fast-check'
import t from 'tap'
import type { Timers } from '../src/index.ts'
import { type Alarm, openAlarms, UNSET } from '../src/socket/alarms.ts'
import { manualTimers } from './manual-timers.ts'

function alarmOf(fire: () => void): Alarm {
  return { firesAt: 0, position: UNSET, fire }
}

/** Timers that also show which are set. */
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

t.test('each alarm fires once, at the moment it was last set for, on one timer', async t => {
  const index = fc.nat({ max: 9 })
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ set: index, ms: fc.integer({ min: 1, max: 50 }) }) },
    fc.record({ clear: index }),
    fc.record({ pass: fc.integer({ min: 1, max: 30 }) })
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), steps => {
      const manual = manualTimers()
      const { timers, waiting } = counted(manual)
      const alarms = openAlarms(timers)
      const fired: string[] = []
      const all = Array.from({ length: 10 }, (_, index) => alarmOf(() => fired.push(`${index} at ${timers.elapsed()}`)))
      const expected = new Map<number, number>()

      for (const each of steps) {
        if ('set' in each) {
          alarms.set(all[each.set] as Alarm, each.ms)
          expected.set(each.set, timers.elapsed() + each.ms)
        } else if ('clear' in each) {
          alarms.clear(all[each.clear] as Alarm)
          expected.delete(each.clear)
        } else {
          manual.advance(each.pass)
          const due = [...expected].filter(([, at]) => at <= timers.elapsed())
          for (const [index] of due) expected.delete(index)
          t.strictSame(fired.splice(0).sort(), due.map(([index, at]) => `${index} at ${at}`).sort())
        }
        t.equal(waiting.size, expected.size > 0 ? 1 : 0)
      }
    }),
    { seed: 4, numRuns: 200 }
  )
})

t.test('an alarm that fires may be set again, and may set others', async t => {
  const timers = manualTimers()
  const alarms = openAlarms(timers)
  const fired: string[] = []
  const other = alarmOf(() => fired.push(`other at ${timers.elapsed()}`))
  const one = alarmOf(() => {
    fired.push(`one at ${timers.elapsed()}`)
    if (fired.length === 1) alarms.set(one, 5)
    alarms.clear(other)
    alarms.set(other, 7)
  })
  alarms.set(one, 10)
  alarms.set(other, 10)
  timers.advance(30)
  t.strictSame(fired, ['one at 10', 'one at 15', 'other at 22'])
})
