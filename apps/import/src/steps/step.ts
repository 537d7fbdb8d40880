import { type Database, retrying, sqlState, type Transaction } from '@rendezvous/api'
import { type Book, book, type Notes } from '../report.ts'

/** What every step stands on. */
export interface Step {
  /** The name under which is remembered what came. */
  readonly source: string
  readonly database: Pick<Database, 'transaction'>
  /** What takes longer is not committed, in milliseconds: sync counts on finding each change by its time (ADR 11). */
  readonly longestBatchMs: number
  /** Where what was committed is counted. */
  readonly totals: Book
}

/** A batch took too long, or waited too long for those who use the product meanwhile. Nothing of it was kept. */
export class BatchTooLong extends Error {
  constructor(options?: ErrorOptions) {
    super('a batch took too long: run it again to go on, with a smaller --batch or at a quieter hour', options)
    this.name = 'BatchTooLong'
  }
}

/** A statement, or its wait for a lock, was ended by the database's deadlines. */
const DEADLINES: readonly string[] = ['57014', '55P03']

/**
 * Does `work` in one transaction and counts its notes once that is committed. Done again, up to five times, when others were sooner at a row, an
 * id or a name: `work` keeps nothing outside of its notes.
 * @throws BatchTooLong
 */
export async function inBatch<T>(step: Step, work: (on: Transaction, notes: Notes) => Promise<T>): Promise<T> {
  const { answer, notes } = await retrying(() =>
    step.database.transaction(async on => {
      const [notes, begun] = [book(), performance.now()]
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
