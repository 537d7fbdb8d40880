import { OperatorError } from '@rendezvous/lifecycle'
import pg from 'pg'

/** A read-only snapshot of the database to import from. */
export interface Source {
  query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>
  /** The rows of a query in batches of `size`, from a cursor, so neither side holds all rows. One query at a time. */
  batches<Row>(text: string, size: number): AsyncGenerator<Row[]>
  close(): Promise<void>
}

/** The source cannot be reached, or refuses the log-in. */
export class SourceUnavailable extends OperatorError {
  constructor(why: string, options?: ErrorOptions) {
    super(`the source cannot be opened: ${why}`, options)
    this.name = 'SourceUnavailable'
  }
}

const CONNECT_TIMEOUT_MS = 10_000
/** The first batch may have to wait until the source has sorted all messages. */
const STATEMENT_TIMEOUT_MS = 3_600_000
const NETWORK_ALLOWANCE_MS = 10_000

/**
 * Opens the PostgreSQL database at `url` and begins a snapshot, which does not see later writes. Times without a zone
 * are read as UTC.
 * @throws SourceUnavailable
 */
export async function openSource(url: string): Promise<Source> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS + NETWORK_ALLOWANCE_MS,
    keepAlive: true
  })
  let broken: Error | undefined
  client.on('error', error => {
    broken = error
  })
  try {
    await client.connect()
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    await client.query("SET LOCAL timezone = 'UTC'")
    await client.query(`SET LOCAL statement_timeout = ${STATEMENT_TIMEOUT_MS}`)
    await client.query('SET LOCAL idle_in_transaction_session_timeout = 0')
  } catch (error) {
    await client.end()
    throw new SourceUnavailable(error instanceof Error ? error.message : String(error), { cause: error })
  }

  async function query<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    if (broken !== undefined) throw broken
    const { rows } = await client.query(text, [...values])
    return rows
  }

  return {
    query,

    async *batches<Row>(text: string, size: number) {
      await query(`DECLARE rows NO SCROLL CURSOR FOR ${text}`)
      for (;;) {
        const rows = await query<Row>(`FETCH ${size} FROM rows`)
        if (rows.length === 0) break
        yield rows
      }
      await query('CLOSE rows')
    },

    async close() {
      await client.end()
    }
  }
}
