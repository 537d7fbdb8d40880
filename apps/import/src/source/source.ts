import pg from 'pg'

/** The database that people move out of: one snapshot of it, which is only read. */
export interface Source {
  query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>
  /** The rows of a query in batches of `size`, by a cursor: neither side holds them all. One at a time. */
  batches<Row>(text: string, size: number): AsyncGenerator<Row[]>
  close(): Promise<void>
}

/** The source cannot be reached, or does not let us in. */
export class SourceClosed extends Error {
  constructor(why: string, options?: ErrorOptions) {
    super(`the source cannot be opened: ${why}`, options)
    this.name = 'SourceClosed'
  }
}

const CONNECT_TIMEOUT_MS = 10_000
/** The first batch may have to wait for the sorting of all messages. */
const STATEMENT_TIMEOUT_MS = 3_600_000
const NETWORK_ALLOWANCE_MS = 10_000

/**
 * Opens the PostgreSQL database at `url` and begins a snapshot: whatever is written there later is not seen. Times without a zone are taken
 * as of UTC.
 * @throws SourceClosed when it cannot be reached, or lets nobody in.
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
    throw new SourceClosed(error instanceof Error ? error.message : String(error), { cause: error })
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
