/** The exit code of a process that ended unfinished because it was asked to. */
export const INTERRUPTED = 130
/** Signals that come so soon after the first are that one: the terminal sends Ctrl-C to npm too, which passes it on. */
const REPEATED_MS = 1_000

/** Aborts at the first SIGINT or SIGTERM, from when on they no longer end the process. One that comes later is impatience, and ends it at once. */
export function interruption(): AbortSignal {
  const interrupt = new AbortController()
  let since = 0
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (!interrupt.signal.aborted) since = performance.now()
      else if (performance.now() - since > REPEATED_MS) process.exit(INTERRUPTED)
      interrupt.abort()
    })
  }
  return interrupt.signal
}
