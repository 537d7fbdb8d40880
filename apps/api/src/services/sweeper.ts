import type { Outbox } from '../ports/outbox.ts'
import type { Announcer, Warn } from './announcer.ts'

/** Rows younger than this are being announced by who wrote them. DESIGN.md, the one rule of sync. */
const OLDER_THAN_MS = 2_000
const ROWS_A_ROUND = 100
const ROUNDS = 10

/** Whose rows are swept, and how they are told. */
export interface SweeperOptions {
  readonly outbox: Pick<Outbox, 'sweep'>
  readonly announcer: Pick<Announcer, 'publish'>
  readonly warn: Warn
}

/** The sweep of the outbox. */
export type Sweeper = ReturnType<typeof sweeper>

/** Announces what was committed and, because a node died or the bus was down, never announced. */
export function sweeper({ outbox, announcer, warn }: SweeperOptions) {
  let running: Promise<number> | null = null

  async function rounds(): Promise<number> {
    let total = 0
    for (let round = 0; round < ROUNDS; round++) {
      const forgotten = await outbox.sweep(OLDER_THAN_MS, ROWS_A_ROUND, announcer.publish)
      total += forgotten
      if (forgotten < ROWS_A_ROUND) break
    }
    return total
  }

  return {
    /** To be called by one timer. Answers how many rows it settled, 0 when the database or the bus cannot be reached; never rejects. A call
     *  while another runs joins it. */
    sweep(): Promise<number> {
      running ??= rounds()
        .catch(error => {
          warn(error, 'sweep')
          return 0
        })
        .finally(() => {
          running = null
        })
      return running
    }
  }
}
