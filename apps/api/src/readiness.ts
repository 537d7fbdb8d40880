import type { Queryable, Statement } from './database/port.ts'

const PING: Statement = { name: 'readiness_ping', text: 'SELECT 1' }
/** A database that takes longer to say 1 keeps requests waiting for longer still. */
const DEADLINE_MS = 2_000

/** Resolves when the database answers within two seconds and nobody called `drain`; rejects otherwise. */
export function readiness(database: Queryable, deadlineMs = DEADLINE_MS) {
  let draining = false
  return {
    /** The node is about to go: it is not ready from now on, so that load balancers stop asking it. */
    drain(): void {
      draining = true
    },
    async ready(): Promise<void> {
      if (draining) throw new Error('draining')
      await within(deadlineMs, database.query(PING))
    }
  }
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
