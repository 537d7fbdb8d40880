import { sqlState } from './port.ts'

/** Deadlock, serialization failure, and a generated id that another row has. A second attempt can succeed. */
const TRANSIENT: ReadonlySet<string> = new Set(['40P01', '40001', '23505'])
const ATTEMPTS = 5

/** Returns the value of `run`. Repeats it after a transient error, up to five attempts in all. `run` must be one
 *  transaction, so that a failed attempt leaves nothing. @throws the last error. */
export async function retrying<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run()
    } catch (error) {
      if (attempt === ATTEMPTS || !TRANSIENT.has(sqlState(error))) throw error
    }
  }
}

/** Whether the database refused the data: a bound, a type or an encoding (SQLSTATE classes 22 and 23). */
export function isDataError(error: unknown): boolean {
  return /^2[23]/.test(sqlState(error)) && !TRANSIENT.has(sqlState(error))
}

/** Whether a lock was not had within `lock_timeout`. */
export function isLockTimeout(error: unknown): boolean {
  return sqlState(error) === '55P03'
}
