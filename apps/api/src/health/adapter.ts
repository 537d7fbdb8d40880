import type { Queryable, Statement } from '../database/port.ts'

const PING: Statement = { name: 'readiness_ping', text: 'SELECT 1' }
/** A database this slow on `SELECT 1` makes requests wait even longer. */
const DEADLINE_MS = 2_000

/** The readiness of a node. `ready` resolves when the database answers within two seconds and `drain` was not
 *  called. */
export function readiness(database: Queryable, deadlineMs = DEADLINE_MS) {
  let draining = false
  return {
    /** Makes `ready` reject from now on, so that load balancers stop sending requests before the node stops. */
    drain(): void {
      draining = true
    },
    async ready(): Promise<void> {
      if (draining) throw new Error('the node is draining')
      await within(deadlineMs, database.query(PING))
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
