/** The clock and timers of a gateway. An argument everywhere, so that tests can control time. */
export interface Timers {
  /** Milliseconds since 1970. */
  now(): number
  /** Whole milliseconds since some moment. Setting the machine's clock does not change it. */
  elapsed(): number
  /** Calls `run` once, `ms` from now or soon after. Returns a function that cancels the call. */
  after(ms: number, run: () => void): () => void
}

/** The longest wait of Node's timers, 24.8 days. A longer one ends early, so its caller must check the clock again. */
const LONGEST_MS = 2 ** 31 - 1

/** The clock and timers of this machine. */
export const systemTimers: Timers = {
  now: Date.now,
  elapsed: () => Math.floor(performance.now()),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(ms, LONGEST_MS))
    return () => clearTimeout(timer)
  }
}
