/** Work that comes again and again. */
export interface Ticker {
  /** Starts no more rounds, and resolves when the one under way is over. */
  stop(): Promise<void>
}

/** Runs `work` every `ms` after its last run ended, the first time after `ms`. `work` must not reject. Keeps no process alive. */
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
