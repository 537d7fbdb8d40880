/** Delay after a first failure. It doubles with each further failure in a row, up to 64 s. */
const RETRY_MS = 2_000
const DOUBLINGS = 5

/** Exponential backoff of requests, one delay per key, so that a failing request delays no other. */
export interface Backoff<Key> {
  /** Records a failure: `isWaiting(key)` is true until the delay is over. */
  failed(key: Key): void
  isWaiting(key: Key): boolean
  /** Ends the delay of `key`. The next failure counts as the first. */
  succeeded(key: Key): void
  /** Ends all delays. Failures in a row are still counted. */
  retryAll(): void
}

/** A backoff without failures. `after` is that of `StoreOptions`; `onRetry` is called when a delay is over. */
export function backoffOf<Key>(after: (ms: number, run: () => void) => () => void, onRetry: () => void): Backoff<Key> {
  const failures = new Map<Key, number>()
  const waiting = new Map<Key, () => void>()

  function endDelay(key: Key): void {
    waiting.get(key)?.()
    waiting.delete(key)
  }

  return {
    failed(key) {
      const before = failures.get(key) ?? 0
      failures.set(key, before + 1)
      endDelay(key)
      const cancel = after(RETRY_MS * 2 ** Math.min(before, DOUBLINGS), () => {
        waiting.delete(key)
        onRetry()
      })
      waiting.set(key, cancel)
    },
    isWaiting: key => waiting.has(key),
    succeeded(key) {
      failures.delete(key)
      endDelay(key)
    },
    retryAll() {
      for (const key of [...waiting.keys()]) endDelay(key)
    }
  }
}
