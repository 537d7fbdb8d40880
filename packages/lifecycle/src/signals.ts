/** The exit code of a process that a signal ended before its work was done. */
export const INTERRUPTED = 130
/** A signal within this time of the first is a copy: the terminal sends Ctrl-C to npm too, and npm passes it on. */
const COPY_MS = 1_000

/** The process as `shutdownSignal` uses it. */
export interface SignalHost {
  on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown
  exit(code: number): void
}

/** Aborts at the first SIGINT or SIGTERM; from now on, neither ends the process by itself. A second signal, more than
 *  a second after the first, exits at once with `INTERRUPTED`. Call it once a process. `now` is in milliseconds. */
export function shutdownSignal(host: SignalHost = process, now: () => number = () => performance.now()): AbortSignal {
  const shutdown = new AbortController()
  let firstAt = 0
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    host.on(signal, () => {
      if (!shutdown.signal.aborted) firstAt = now()
      else if (now() - firstAt > COPY_MS) host.exit(INTERRUPTED)
      shutdown.abort()
    })
  }
  return shutdown.signal
}
