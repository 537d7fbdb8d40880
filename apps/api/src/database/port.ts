/** A query under a name. The name is unique for its text: on PostgreSQL the text is prepared once a connection under it. */
export interface Statement {
  readonly name: string
  readonly text: string
}

/** What may be bound to `$1`, `$2` ...: dates as Date, arrays as arrays, jsonb as text. */
export type Parameter = string | number | boolean | Date | null | readonly (string | number | boolean | null)[]

/**
 * Runs statements.
 *
 * `query` answers the rows, the same on every engine: int2, int4 and int8 as numbers (ids stay below 2^53), timestamptz as Date,
 * date as 'YYYY-MM-DD', json and jsonb parsed, arrays as arrays of these. It rejects with the engine's error, whose `code` is the
 * SQLSTATE, and within the deadlines the engine was opened with.
 */
export interface Queryable {
  query<Row>(statement: Statement, parameters?: readonly Parameter[]): Promise<Row[]>
}

/** A handle inside a transaction, of no use after it. */
export interface Transaction extends Queryable {
  /** Runs a text of several statements, without parameters and without rows. For migrations. */
  script(text: string): Promise<void>
}

/** A database: statements on any connection, transactions on one. */
export interface Database extends Queryable {
  /**
   * Commits what `run` did through its handle when it resolves, and answers its value; rolls back and rejects with its error when
   * it rejects. Read committed. Inside `run` only the handle may be used: the embedded engine has one connection, and a query
   * beside the handle would wait for the end of the transaction.
   */
  transaction<T>(run: (transaction: Transaction) => Promise<T>): Promise<T>
  /**
   * Answers what `run` answers; all its queries see the database as it was at the first of them, and none may write. As with
   * `transaction`, only the handle may be used inside, and on the embedded engine everybody else waits.
   */
  snapshot<T>(run: (snapshot: Queryable) => Promise<T>): Promise<T>
}

/** The mode of a transaction that `snapshot` reads in. */
export const SNAPSHOT = 'ISOLATION LEVEL REPEATABLE READ, READ ONLY'

/** The SQLSTATE of an engine's error, or '' of anything else. */
export function sqlState(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return ''
  return typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : ''
}
