import { setTimeout as pause } from 'node:timers/promises'
import { cpuMicros } from './usage.ts'

/** So many events a second, for so long, to the rooms `from` to `to` in turn. */
export interface Offer {
  readonly from: number
  readonly to: number
  readonly perSecond: number
  readonly ms: number
}
/** What an offer came to. */
export interface Fed {
  readonly events: number
  /** CPU time of the process while it was fed. */
  readonly cpuMicros: number
}

/** Makes the events of an offer, one for each time its room is due. */
export function eventsOf<Event>({ from, to, perSecond, ms }: Offer, make: (room: number) => Event): Event[] {
  const count = Math.round((perSecond * ms) / 1000)
  return Array.from({ length: count }, (_, index) => make(from + (index % (to - from + 1))))
}

/** How long what was fed last may take to be written. */
const AFTER_MS = 50

/** Calls the events one by one, each when its time has come, as events come to a gateway: one a millisecond at most is one wake-up each. */
export async function feed(events: readonly (() => void)[], { perSecond }: Pick<Offer, 'perSecond'>): Promise<Fed> {
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
