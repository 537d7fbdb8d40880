/** A named query. A name has exactly one text, because PostgreSQL prepares it once on each connection, under the
 *  name. */
export interface Statement {
  readonly name: string
  readonly text: string
}

/** A value for `$1`, `$2` ...: dates as Date, arrays as arrays, jsonb as text. */
export type Parameter = string | number | boolean | Date | null | readonly (string | number | boolean | null)[]

/**
 * Runs statements.
 *
 * `query` returns the rows, the same on every engine. Types: int2, int4 and int8 as numbers (ids stay below 2^53),
 * timestamptz as Date, date as 'YYYY-MM-DD', json and jsonb parsed, arrays as arrays of these. It rejects with the
 * engine's error, whose `code` is the SQLSTATE. The deadlines of the engine bound each query.
 */
export interface Queryable {
  query<Row>(statement: Statement, parameters?: readonly Parameter[]): Promise<Row[]>
}

/** A handle that is valid inside one transaction only. */
export interface Transaction extends Queryable {
  /** Runs a text of several statements. It takes no parameters and returns no rows. For migrations. */
  script(text: string): Promise<void>
}

/** A database: statements on any connection, transactions on one. */
export interface Database extends Queryable {
  /**
   * Runs `run` in one transaction at READ COMMITTED. Commits and returns its value when it resolves. Rolls back and
   * rejects with its error when it rejects. Use only the handle inside `run`: the embedded engine has one connection,
   * so any other query waits for the end of the transaction.
   */
  transaction<T>(run: (transaction: Transaction) => Promise<T>): Promise<T>
  /**
   * Runs `run` and returns its value. All its queries see the database as of the first of them. None may write. As with
   * `transaction`, use only the handle inside; on the embedded engine all other queries wait.
   */
  snapshot<T>(run: (snapshot: Queryable) => Promise<T>): Promise<T>
}

/** The transaction mode of `snapshot`. */
export const SNAPSHOT = 'ISOLATION LEVEL REPEATABLE READ, READ ONLY'

/** The SQLSTATE of an engine's error, or '' for any other value. */
export function sqlState(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return ''
  return typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : ''
}
