import type { Queryable, Statement } from '../database/port.ts'

const PING: Statement = { name: 'readiness_ping', text: 'SELECT 1' }
/** A database this slow on `SELECT 1` makes requests wait even longer. */
const DEADLINE_MS = 2_000
/** How long an answer of the database counts. */
const FRESH_MS = 1_000

/** Settings of `readiness`. */
export interface ReadinessOptions {
  readonly deadlineMs?: number
  /** Milliseconds of a monotonic clock. `performance.now` by default. */
  readonly uptime?: () => number
}

interface Probe {
  /** Settles with the answer of the database, or at the deadline. */
  readonly answer: Promise<void>
  readonly startedAt: number
  /** Whether the query has ended. One that missed the deadline goes on. */
  ended: boolean
}

/** The readiness of a node. `ready` resolves when the database answers within two seconds and `drain` was not called.
 *  At most one query is under way, whoever asks and how often; its answer counts for a second. */
export function readiness(database: Queryable, options: ReadinessOptions = {}) {
  const { deadlineMs = DEADLINE_MS, uptime = () => performance.now() } = options
  let draining = false
  let last: Probe | null = null

  function probe(): Probe {
    const query = database.query(PING)
    const started: Probe = { answer: within(deadlineMs, query), startedAt: uptime(), ended: false }
    const end = () => {
      started.ended = true
    }
    query.then(end, end)
    return started
  }

  return {
    /** Makes `ready` reject from now on, so that load balancers stop sending requests before the node stops. */
    drain(): void {
      draining = true
    },
    async ready(): Promise<void> {
      if (draining) throw new Error('the node is draining')
      if (last === null || (last.ended && uptime() - last.startedAt >= FRESH_MS)) last = probe()
      await last.answer
    }
  }
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the database did not answer within ${ms} ms`)), ms)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
