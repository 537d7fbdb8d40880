import { ApiError } from '@rendezvous/contract'
import pLimit from 'p-limit'

/** Most calls in one transaction. Under load a batch costs a seventh of what its calls cost one by one. In batches of
 *  100 a call costs a fifth less than in batches of 50. */
const BATCH_MAX = 100
/** Transactions of one kind on this node at a time. The pool of 4 connections has room for two kinds: sends and
 *  receipts. */
const RUNNING_MAX = 2
/** A batch takes about 10 ms. When one takes longer than this, another starts beside it. */
const LATE_AFTER_MS = 25
/** Most locked keys that wait until the one in front has its lock. Each waits up to 5 s for a lock (half of the
 *  statement timeout), so the last one waits at most 25 s. */
const BLOCKED_MAX = 4
/** Most unanswered calls of one kind: what a node carries out in a few seconds. */
const WAITING_MAX = 10_000

/** Runs `work` when its turn comes, and answers what it answers. */
type Turn = <Answer>(work: () => Promise<Answer>) => Promise<Answer>

/** Runs at most `concurrency` transactions of one kind at a time. The others wait in the order of their calls. */
export function takingTurns(concurrency = RUNNING_MAX): Turn {
  return pLimit(concurrency)
}

/** The id of a conversation. A batch locks its keys, and another process may hold some of them locked. */
type Key = number

/** How calls become batches. */
export interface GatheringOptions<Item, Answer> {
  /** Calls of one key are carried out in the order of the calls, never in two batches at once. */
  readonly keyOf: (item: Item) => Key
  /** Carries out a batch in one transaction, and answers each call under its place. Null when it did nothing because
   *  the lock of a key was not free in time. A batch that is `alone` has one key and waits for its lock: null is no
   *  answer to it. */
  readonly carryOut: (batch: readonly Item[], alone: boolean) => Promise<readonly Answer[] | null>
  /** An identity that a batch holds at most once, such as an idempotency key. A repeated call and the later calls of its
   *  key wait for the next batch. Without it calls may repeat. */
  readonly identityOf?: (item: Item) => string
  readonly lateAfterMs?: number
}

interface Call<Item, Answer> {
  readonly item: Item
  readonly key: Key
  resolve(answer: Answer): void
  reject(error: unknown): void
}

interface Batch<Item, Answer> {
  readonly calls: readonly Call<Item, Answer>[]
  readonly keys: ReadonlySet<Key>
  readonly alone: boolean
  isLate: boolean
}

/**
 * Joins calls into batches of `carryOut`. When no batch is running, the calls of one turn of the event loop start at
 * once. Calls made in the meantime form the next batch, so batches grow with the load. When a batch takes longer than
 * `lateAfterMs`, another starts beside it. The two share no key.
 *
 * A batch that is answered null is halved until its locked key is by itself. That key waits for its lock in batches
 * of its own, one key at a time. The other keys go on. When four keys wait behind it, the calls of a further locked
 * key are refused as `unavailable`. So is any call above 10,000 unanswered ones.
 *
 * Long because batches, keys and calls are one state, and each function below is one of its transitions.
 */
export function gathering<Item, Answer>({
  keyOf,
  carryOut,
  identityOf,
  lateAfterMs = LATE_AFTER_MS
}: GatheringOptions<Item, Answer>): (item: Item) => Promise<Answer> {
  let waiting: Call<Item, Answer>[] = []
  let unanswered = 0
  let isStarting = false
  const running = new Set<Batch<Item, Answer>>()
  const busy = new Set<Key>()
  /** Keys of batches that were answered null. Each is in one of `parts`, in `blocked`, or in a running batch. */
  const conflicted = new Set<Key>()
  const parts: ReadonlySet<Key>[] = []
  const blocked: Key[] = []
  let wasPart = false

  /** Removes and returns the first calls whose key passes `may`, at most a batch of them, without repeated identities. */
  function take(may: (key: Key) => boolean): Call<Item, Answer>[] {
    const taken: Call<Item, Answer>[] = []
    const left: Call<Item, Answer>[] = []
    const identities = new Set<string>()
    const held = new Set<Key>()
    for (const call of waiting) {
      const isOpen = taken.length < BATCH_MAX && may(call.key) && !held.has(call.key)
      const identity = isOpen ? identityOf?.(call.item) : undefined
      const isRepeated = identity !== undefined && identities.has(identity)
      if (isRepeated) held.add(call.key)
      else if (identity !== undefined) identities.add(identity)
      ;(isOpen && !isRepeated ? taken : left).push(call)
    }
    waiting = left
    return taken
  }

  function mayStart(alone: boolean): boolean {
    if (running.size >= RUNNING_MAX) return false
    const others = [...running].filter(batch => batch.alone === alone)
    return alone ? others.length === 0 : others.every(batch => batch.isLate)
  }

  function start(): void {
    while (mayStart(true)) {
      const key = blocked.shift()
      if (key === undefined) break
      void run({ calls: take(each => each === key), keys: new Set([key]), alone: true, isLate: false })
    }
    while (mayStart(false)) {
      const batch = nextPart(wasPart) ?? nextBatch() ?? nextPart(false)
      if (batch === null) break
      void run(batch)
    }
  }

  /** The next part of a batch that was answered null. Parts and other batches alternate, so neither delays the
   *  other. */
  function nextPart(isOthersTurn: boolean): Batch<Item, Answer> | null {
    const keys = isOthersTurn ? undefined : parts.shift()
    wasPart = keys !== undefined
    return keys === undefined ? null : { calls: take(key => keys.has(key)), keys, alone: false, isLate: false }
  }

  function nextBatch(): Batch<Item, Answer> | null {
    const calls = take(key => !busy.has(key) && !conflicted.has(key))
    return calls.length === 0
      ? null
      : { calls, keys: new Set(calls.map(({ key }) => key)), alone: false, isLate: false }
  }

  async function run(batch: Batch<Item, Answer>): Promise<void> {
    running.add(batch)
    for (const key of batch.keys) busy.add(key)
    const timer = setTimeout(() => {
      batch.isLate = true
      start()
    }, lateAfterMs)
    try {
      const answers = await carryOut(
        batch.calls.map(({ item }) => item),
        batch.alone
      )
      if (answers === null && !batch.alone) divide(batch)
      else settle(batch, answers)
    } catch (error) {
      fail(batch, error)
    } finally {
      clearTimeout(timer)
      running.delete(batch)
      for (const key of batch.keys) busy.delete(key)
      start()
    }
  }

  function settle({ calls, keys }: Batch<Item, Answer>, answers: readonly Answer[] | null): void {
    if (answers?.length !== calls.length) throw new Error('a batch was not answered call by call')
    for (const key of keys) conflicted.delete(key)
    for (const [place, call] of calls.entries()) call.resolve(answers[place] as Answer)
  }

  function fail({ calls, keys, alone }: Batch<Item, Answer>, error: unknown): void {
    for (const call of calls) call.reject(error)
    for (const key of keys) {
      if (alone && waiting.some(call => call.key === key)) block(key)
      else conflicted.delete(key)
    }
  }

  /** Puts the calls of a batch back to the front, since no call of their keys was carried out in the meantime. */
  function divide({ calls, keys }: Batch<Item, Answer>): void {
    waiting = [...calls, ...waiting]
    const [key, ...others] = keys
    if (key !== undefined && others.length === 0) {
      block(key)
      return
    }
    const middle = keys.size >> 1
    for (const half of [[...keys].slice(0, middle), [...keys].slice(middle)]) parts.push(new Set(half))
    for (const each of keys) conflicted.add(each)
  }

  function block(key: Key): void {
    if (blocked.length < BLOCKED_MAX) {
      conflicted.add(key)
      blocked.push(key)
      return
    }
    conflicted.delete(key)
    const refused = waiting.filter(call => call.key === key)
    waiting = waiting.filter(call => call.key !== key)
    for (const call of refused) call.reject(unavailable())
  }

  /** Starts after this turn of the event loop, so that its calls form one batch. */
  function startSoon(): void {
    if (isStarting || !mayStart(false)) return
    isStarting = true
    setImmediate(() => {
      isStarting = false
      start()
    })
  }

  return async item => {
    if (unanswered >= WAITING_MAX) throw unavailable()
    unanswered += 1
    try {
      return await new Promise<Answer>((resolve, reject) => {
        waiting.push({ item, key: keyOf(item), resolve, reject })
        startSoon()
      })
    } finally {
      unanswered -= 1
    }
  }
}

function unavailable(): ApiError {
  return new ApiError('unavailable', { retryAfter: 1 })
}
