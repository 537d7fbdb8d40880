import { sqlState } from './port.ts'

/** Deadlock, serialization failure, and a made-up id that another row has: gone when done again. */
const PASSING: ReadonlySet<string> = new Set(['40P01', '40001', '23505'])
const ATTEMPTS = 5

/** Answers what `run` answers, running it up to five times as long as it fails for a reason that passes. `run` is one transaction,
 *  so that a failure left nothing. @throws the last error. */
export async function retrying<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run()
    } catch (error) {
      if (attempt === ATTEMPTS || !PASSING.has(sqlState(error))) throw error
    }
  }
}

/** Whether the database refused the data themselves: a bound, a type or an encoding (SQLSTATE classes 22 and 23). */
export function isDataError(error: unknown): boolean {
  return /^2[23]/.test(sqlState(error)) && !PASSING.has(sqlState(error))
}
