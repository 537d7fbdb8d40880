/** Work that repeats until `stop`. */
export interface Ticker {
  /** Starts no further run. Resolves when the current run has ended. */
  stop(): Promise<void>
}

/** Runs `work` after `ms`, and again `ms` after each run has ended. `work` must not reject. The timer does not keep
 *  the process alive. */
export function every(ms: number, work: () => Promise<unknown>): Ticker {
  let running: Promise<unknown> = Promise.resolve()
  let timer = schedule()
  let stopped = false

  function schedule(): NodeJS.Timeout {
    return setTimeout(() => {
      running = work().finally(() => {
        if (!stopped) timer = schedule()
      })
    }, ms).unref()
  }

  return {
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
    }
  }
}
