import type { Timers } from './timers.ts'

/** Watches over one socket until `stop`. */
export interface Heartbeat {
  /** The client answered. */
  pong(): void
  stop(): void
}

/** Calls `ping` `intervalMs` after the start and after each pong, and `dead` once when no pong follows within `timeoutMs`. */
export function heartbeat(options: {
  readonly timers: Timers
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly ping: () => void
  readonly dead: () => void
}): Heartbeat {
  const { timers, intervalMs, timeoutMs, ping, dead } = options
  let cancel = timers.after(intervalMs, beat)
  let awaitsPong = false
  let stopped = false

  function beat(): void {
    awaitsPong = true
    cancel = timers.after(timeoutMs, dead)
    ping()
  }

  return {
    pong() {
      if (!awaitsPong || stopped) return // a pong nobody asked for proves nothing about the next ping
      awaitsPong = false
      cancel()
      cancel = timers.after(intervalMs, beat)
    },
    stop() {
      stopped = true
      cancel()
    }
  }
}
