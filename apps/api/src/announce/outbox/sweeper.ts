import type { Bus } from '@rendezvous/cluster'
import type { Warn } from './announcer.ts'
import type { Outbox, OwedRow, Rebuilt, StreamRange, StreamSource } from './port.ts'

/** The node that wrote a younger row is still announcing it. See docs/design.md, "The one rule of sync". */
const OLDER_THAN_MS = 2_000
/** The most rows that one round claims. */
const ROWS_A_ROUND = 100
/** The most rounds of one sweep. */
const ROUNDS = 10
/** The deadline of reading and publishing in one round, for a bus that hangs. */
const ROUND_MS = 10_000
/** The deadline of a row by itself. */
const ROW_MS = 2_000
/** After so many rows that fail by themselves a sweep ends: the fault is the bus or the database, not a row. */
const FAILURES = 3
/** Longer than a round and the failures after it. Rows whose lease ends are announced twice, which clients ignore. */
const LEASE_MS = 30_000
/** Clients learn of an older change of a conversation by sync alone. An hour is enough to repair a bus. */
const MAX_AGE_MS = 3_600_000
const EXPIRED_A_SWEEP = 10_000

/** The ports of a sweeper. */
export interface SweeperOptions {
  readonly outbox: Pick<Outbox, 'claim' | 'release' | 'done' | 'expire'>
  /** One for each kind of stream. Rows with a stream of another kind are left to the worker of a later release. */
  readonly sources: readonly StreamSource[]
  readonly bus: Pick<Bus, 'publish'>
  readonly warn: Warn
  /** The lifetime of a session. Nothing but the sweep closes the sockets of an ended one, so rows of users live as
   *  long. */
  readonly refreshTtlMs: number
  /** Bounds each round and each row. A timer by default. */
  readonly deadline?: Deadline
}

/** Rejects after `ms`. Stays pending when the signal aborts first. */
export type Deadline = (ms: number, signal: AbortSignal) => Promise<never>

/** The sweep of the outbox. */
export type Sweeper = ReturnType<typeof sweeper>

/** The outcome of a round, in ids of rows. A row in neither list failed and keeps its lease, so others go first. */
interface Round {
  readonly announced: readonly number[]
  /** Rows to release. */
  readonly untried: readonly number[]
  /** Whether more rows may be due, and can be announced. */
  readonly hasMore: boolean
}

/** Announces committed changes that a dead node or a broken bus left unannounced. Two workers may sweep at once,
 *  because only one claims each row. Publishes outside transactions. */
export function sweeper(options: SweeperOptions) {
  const { outbox, sources, bus, warn, refreshTtlMs, deadline = timeout } = options
  let running: Promise<number> | null = null

  async function publish(rows: readonly OwedRow[]): Promise<void> {
    const ranges = rows.flatMap(row => row.ranges).sort(byStreamAndSeq)
    const rebuilt: Rebuilt[] = []
    for (const source of sources) {
      const own = ranges.filter(({ stream }) => source.covers(stream))
      if (own.length > 0) rebuilt.push(await source.rebuild(own))
    }
    const deliveries = rebuilt.flatMap(each => each.deliveries)
    if (deliveries.length > 0) await bus.publish(deliveries)
    for (const each of rebuilt) each.published?.()
  }

  async function publishWithin(ms: number, rows: readonly OwedRow[]): Promise<void> {
    const timer = new AbortController()
    try {
      await Promise.race([publish(rows), deadline(ms, timer.signal)])
    } finally {
      timer.abort()
    }
  }

  async function announce(rows: readonly OwedRow[]): Promise<Omit<Round, 'hasMore'>> {
    try {
      if (rows.length > 0) await publishWithin(ROUND_MS, rows)
      return { announced: idsOf(rows), untried: [] }
    } catch (error) {
      warn(error, 'sweep')
      return announceOneByOne(rows)
    }
  }

  /** Finds the rows that make a round fail. */
  async function announceOneByOne(rows: readonly OwedRow[]): Promise<Omit<Round, 'hasMore'>> {
    const announced: number[] = []
    let failures = 0
    for (const [place, row] of rows.entries()) {
      try {
        await publishWithin(ROW_MS, [row])
        announced.push(row.id)
      } catch (error) {
        warn(error, `sweep of outbox row ${row.id}`)
        failures += 1
        if (failures === FAILURES) return { announced, untried: idsOf(rows.slice(place + 1)) }
      }
    }
    return { announced, untried: [] }
  }

  async function round(): Promise<Round> {
    const rows = await outbox.claim({ olderThanMs: OLDER_THAN_MS, leaseMs: LEASE_MS, limit: ROWS_A_ROUND })
    const isCovered = (row: OwedRow) => row.ranges.every(({ stream }) => sources.some(each => each.covers(stream)))
    const foreign = rows.filter(row => !isCovered(row))
    const { announced, untried } = await announce(rows.filter(isCovered))
    await outbox.done(announced)
    const hasMore = rows.length === ROWS_A_ROUND && untried.length === 0
    return { announced, untried: [...untried, ...idsOf(foreign)], hasMore }
  }

  async function expire(): Promise<void> {
    const ages = { maxAgeMs: MAX_AGE_MS, userMaxAgeMs: Math.max(MAX_AGE_MS, refreshTtlMs) }
    const expired = await outbox.expire({ ...ages, limit: EXPIRED_A_SWEEP })
    if (expired === 0) return
    warn(new Error(`${expired} announcements were too old and were dropped; clients learn of them by sync`), 'sweep')
  }

  async function sweepAll(): Promise<number> {
    let total = 0
    const untried: number[] = []
    try {
      for (let rounds = 0, hasMore = true; hasMore && rounds < ROUNDS; rounds++) {
        const ended = await round()
        total += ended.announced.length
        untried.push(...ended.untried)
        hasMore = ended.hasMore
      }
      await outbox.release(untried)
      await expire()
    } catch (error) {
      warn(error, 'sweep')
    }
    return total
  }

  return {
    /** Runs one sweep and returns how many rows it announced. Never rejects: when the database or the bus fails, it
     *  returns what it announced before. A call during a sweep joins it. */
    sweep(): Promise<number> {
      running ??= sweepAll().finally(() => {
        running = null
      })
      return running
    }
  }
}

function idsOf(rows: readonly OwedRow[]): number[] {
  return rows.map(({ id }) => id)
}

function byStreamAndSeq(a: StreamRange, b: StreamRange): number {
  return a.stream - b.stream || a.fromSeq - b.fromSeq
}

const timeout: Deadline = (ms, signal) =>
  new Promise((_, reject) => {
    const timer = setTimeout(() => reject(new Error(`the bus did not take the announcements within ${ms} ms`)), ms)
    signal.addEventListener('abort', () => clearTimeout(timer))
  })
