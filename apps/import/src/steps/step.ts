import { type Database, retrying, sqlState, type Transaction } from '@rendezvous/api'
import { OperatorError } from '@rendezvous/lifecycle'
import { type Notes, newTotals, type Totals } from '../report.ts'

/** What every step needs. */
export interface Step {
  /** The name under which imported rows are recorded. */
  readonly source: string
  readonly database: Pick<Database, 'transaction'>
  /** A batch that takes longer is not committed, because sync would miss its changes (ADR 11). In milliseconds. */
  readonly longestBatchMs: number
  /** The sums of all committed batches. */
  readonly totals: Totals
}

/** A batch took too long, or waited too long for a lock of the running product. The batch was rolled back. */
export class BatchTooLong extends OperatorError {
  constructor(options?: ErrorOptions) {
    super('a batch took too long. Run the command again to go on, with a smaller --batch or at a quieter hour', options)
    this.name = 'BatchTooLong'
  }
}

/** The SQLSTATEs of a statement timeout, and of a lock timeout. */
const DEADLINES: readonly string[] = ['57014', '55P03']

/**
 * Runs `work` in one transaction and adds its notes to the totals after the commit. Repeats it, up to five times, when
 * another transaction took a row, an id or a name first, so `work` must change nothing but its notes.
 * @throws BatchTooLong
 */
export async function inBatch<T>(step: Step, work: (on: Transaction, notes: Notes) => Promise<T>): Promise<T> {
  const { answer, notes } = await retrying(() =>
    step.database.transaction(async on => {
      const [notes, begun] = [newTotals(), performance.now()]
      const answer = await work(on, notes)
      if (performance.now() - begun > step.longestBatchMs) throw new BatchTooLong()
      return { answer, notes }
    })
  ).catch((error: unknown) => {
    throw DEADLINES.includes(sqlState(error)) ? new BatchTooLong({ cause: error }) : error
  })
  step.totals.add(notes)
  return answer
}
