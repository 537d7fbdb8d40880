/** The bounds of a fair queue. */
export interface FairQueueOptions {
  /** The most tasks that run at once. */
  readonly concurrency: number
  /** The most tasks that wait, of all keys together. */
  readonly maxWaiting: number
  /** The most tasks that wait of one key. */
  readonly maxWaitingPerKey: number
  /** Makes the error of a task that finds no place or loses it. */
  readonly refusal: () => Error
}

/**
 * Runs `task` when its turn comes, and returns its result. Turns go round the keys; tasks of one key run in order of
 * arrival. So a new task waits for at most one task of each other key, however many they have.
 *
 * When the queue is full, the last task of the key with the most tasks is refused in favour of a key with fewer. A
 * task that still waits when `signal` aborts is refused too.
 * @throws the error of `refusal`. The task has not started then.
 */
export type FairQueue = <Result>(key: string, task: () => Promise<Result>, signal?: AbortSignal) => Promise<Result>

interface Waiter {
  start(): void
  refuse(): void
}

/** An empty queue. Round robin is Nagle's (RFC 970); dropping from the longest queue is McKenney's (Stochastic
 *  Fairness Queueing, 1990). */
export function fairQueue({ concurrency, maxWaiting, maxWaitingPerKey, refusal }: FairQueueOptions): FairQueue {
  /** The waiters of each key. The first key is next. No list is empty. */
  const waiters = new Map<string, readonly Waiter[]>()
  let running = 0

  function startNext(): void {
    const [first] = waiters
    if (first === undefined || running >= concurrency) return
    const [key, [next, ...others]] = first
    waiters.delete(key)
    setWaiters(key, others) // the key moves behind all other keys
    running += 1
    next?.start()
  }

  function setWaiters(key: string, list: readonly Waiter[]): void {
    if (list.length > 0) waiters.set(key, list)
    else waiters.delete(key)
  }

  function countOf(key: string): number {
    return waiters.get(key)?.length ?? 0
  }

  function remove(key: string, waiter: Waiter): void {
    setWaiters(
      key,
      (waiters.get(key) ?? []).filter(each => each !== waiter)
    )
    waiter.refuse()
  }

  /** @throws refusal when there is no place for one more task of `key`, and no other task must make room for it. */
  function makeRoom(key: string): void {
    if (countOf(key) >= maxWaitingPerKey) throw refusal()
    const all = [...waiters.values()].flat().length
    if (all < maxWaiting) return

    const longest = [...waiters.keys()].reduce((a, b) => (countOf(b) > countOf(a) ? b : a), key)
    const last = waiters.get(longest)?.at(-1)
    if (last === undefined || countOf(longest) <= countOf(key) + 1) throw refusal()
    remove(longest, last)
  }

  function turnOf(key: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = () => remove(key, waiter)
      const settle = (end: () => void) => {
        signal?.removeEventListener('abort', giveUp)
        end()
      }
      const waiter: Waiter = { start: () => settle(resolve), refuse: () => settle(() => reject(refusal())) }
      signal?.addEventListener('abort', giveUp)
      setWaiters(key, [...(waiters.get(key) ?? []), waiter])
      startNext()
    })
  }

  return async (key, task, signal) => {
    if (signal?.aborted) throw refusal()
    if (running >= concurrency) makeRoom(key)
    await turnOf(key, signal)
    try {
      return await task()
    } finally {
      running -= 1
      startNext()
    }
  }
}
