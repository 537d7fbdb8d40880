import type { Timers } from '../src/index.ts'

/** Timers whose time passes only by `advance`. A timer of 0 ms runs in the next turn of the event loop. */
export interface ManualTimers extends Timers {
  /** Lets `ms` pass, and runs the timers that become due, in order. */
  advance(ms: number): void
}

export function manualTimers(start = Date.UTC(2026, 0, 31)): ManualTimers {
  const pending = new Map<object, { readonly at: number; readonly run: () => void }>()
  let now = start

  function earliest(until: number) {
    const due = [...pending].filter(([, { at }]) => at <= until)
    return due.sort(([, a], [, b]) => a.at - b.at)[0]
  }

  return {
    now: () => now,
    elapsed: () => now - start,
    after(ms, run) {
      if (ms <= 0) {
        const immediate = setImmediate(run)
        return () => clearImmediate(immediate)
      }
      const key = {}
      pending.set(key, { at: now + ms, run })
      return () => void pending.delete(key)
    },
    advance(ms) {
      const until = now + ms
      for (let next = earliest(until); next !== undefined; next = earliest(until)) {
        pending.delete(next[0])
        now = Math.max(now, next[1].at)
        next[1].run()
      }
      now = until
    }
  }
}
