/** Time as the gateway uses it: passed in, so that tests own it. */
export interface Timers {
  /** Milliseconds since 1970. */
  now(): number
  /** Milliseconds since some moment, whole: what is measured by it does not change when the clock of the machine is set. */
  elapsed(): number
  /** Calls `run` once, `ms` from now or soon after, and returns what cancels that. */
  after(ms: number, run: () => void): () => void
}

/** Longer waits than Node's timers can count (24.8 days) end early: who waits that long looks at the clock again. */
const LONGEST_MS = 2 ** 31 - 1

/** The time of this machine. */
export const systemTimers: Timers = {
  now: Date.now,
  elapsed: () => Math.floor(performance.now()),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(ms, LONGEST_MS))
    return () => clearTimeout(timer)
  }
}
