import { setTimeout as pause } from 'node:timers/promises'
import { cpuMicros } from './usage.ts'

/** Events at a steady rate for `ms` milliseconds, to the rooms `from` to `to` in turn. */
export interface EventLoad {
  readonly from: number
  readonly to: number
  readonly perSecond: number
  readonly ms: number
}
/** The events that were published, and what that cost. */
export interface Published {
  readonly events: number
  /** CPU time of the process meanwhile. */
  readonly cpuMicros: number
}

/** Makes the events of a load, in the order in which they are due. */
export function makeEvents<Event>({ from, to, perSecond, ms }: EventLoad, make: (room: number) => Event): Event[] {
  const count = Math.round((perSecond * ms) / 1000)
  return Array.from({ length: count }, (_, index) => make(from + (index % (to - from + 1))))
}

/** Milliseconds for the last events to be written. */
const AFTER_MS = 50

/** Calls each event when it is due, as events arrive at a gateway. Wakes up once a millisecond. Up to 1,000 events a
 *  second, each has a wake-up of its own. */
export async function publishAtRate(
  events: readonly (() => void)[],
  { perSecond }: Pick<EventLoad, 'perSecond'>
): Promise<Published> {
  const begun = performance.now()
  const cpuBefore = cpuMicros()
  let done = 0
  while (done < events.length) {
    const due = Math.min(events.length, Math.ceil(((performance.now() - begun) * perSecond) / 1000))
    for (; done < due; done += 1) events[done]?.()
    await pause(1)
  }
  await pause(AFTER_MS)
  return { events: done, cpuMicros: cpuMicros() - cpuBefore }
}
