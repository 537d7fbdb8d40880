import { type Database, retrying, type Transaction } from '@rendezvous/api'
import { type Book, book, type Notes } from '../report.ts'

/** What every step stands on. */
export interface Step {
  /** The name under which is remembered what came. */
  readonly source: string
  readonly database: Pick<Database, 'transaction'>
  /** Where what was committed is counted. */
  readonly totals: Book
}

/**
 * Does `work` in one transaction and counts its notes once that is committed. Done again, up to five times, when others were sooner at a row, an
 * id or a name: `work` keeps nothing outside of its notes.
 */
export async function inBatch<T>(step: Step, work: (on: Transaction, notes: Notes) => Promise<T>): Promise<T> {
  const { answer, notes } = await retrying(() =>
    step.database.transaction(async on => {
      const notes = book()
      return { answer: await work(on, notes), notes }
    })
  )
  step.totals.add(notes)
  return answer
}
