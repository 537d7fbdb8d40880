import pg from 'pg'
import { type Database, type Parameter, SNAPSHOT, type Statement, type Transaction } from './port.ts'

/** The options of a pool. Times are in milliseconds. */
export interface PoolOptions {
  readonly connectionString: string
  readonly max: number
  /** The longest wait for a connection. */
  readonly connectTimeoutMs: number
  /** The longest run of a statement, its wait for locks included. Locks may take half of it. */
  readonly statementTimeoutMs: number
  /** Receives errors of idle connections. The pool replaces those connections. */
  readonly onError?: (error: Error) => void
}

/** Every statement of a request has an index (a test holds this). A sequential scan would come from outdated
 *  statistics. Compiling a plan (jit) costs more than running one, and so does a custom plan for each parameter.
 *  Reads of messages take five times as long with custom plans, which plan every partition. */
export const PLANNER = ['enable_seqscan=off', 'jit=off', 'plan_cache_mode=force_generic_plan'] as const
/** A new connection replaces each one after this time, so that no plan from small tables stays in use. */
const LIFETIME_SECONDS = 300
const NETWORK_ALLOWANCE_MS = 2_000
/** The longest delay of a timer. A migration has no deadline. */
const UNBOUNDED_MS = 2 ** 31 - 1

const { builtins } = pg.types
const INT8_ARRAY = 1016
const asText = (value: string) => value
const parseArray = pg.types.getTypeParser(INT8_ARRAY as never, 'text') as (text: string) => (string | null)[]
const asNumbers = (text: string) => parseArray(text).map(value => (value === null ? null : Number(value)))
const parsers = new Map<number, (text: string) => unknown>([
  [builtins.INT8, Number],
  [INT8_ARRAY, asNumbers],
  [builtins.DATE, asText]
])

/** The parsers of `Queryable.query`. They are set on each query, because Prisma uses its own over the same
 *  connections. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format: 'text' | 'binary') =>
    (format !== 'binary' && parsers.get(oid)) ||
    pg.types.getTypeParser(oid, format)) as pg.CustomTypesConfig['getTypeParser']
}

/** The longest pause between the statements of a transaction. */
function idleTimeoutMs(statementTimeoutMs: number): number {
  return statementTimeoutMs * 2
}

/** The longest time between a write and its commit, in milliseconds. Our transactions are one statement, or few in
 *  a row. */
export function longestWriteMs(statementTimeoutMs: number): number {
  return statementTimeoutMs + idleTimeoutMs(statementTimeoutMs)
}

/** Opens a pool of connections to PostgreSQL 15 or later. It connects at the first query; `end()` closes it. */
export function openPool(options: PoolOptions): pg.Pool {
  const settings = [
    'timezone=UTC',
    ...PLANNER,
    `statement_timeout=${options.statementTimeoutMs}`,
    `lock_timeout=${Math.ceil(options.statementTimeoutMs / 2)}`,
    `idle_in_transaction_session_timeout=${idleTimeoutMs(options.statementTimeoutMs)}`
  ]
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    max: options.max,
    connectionTimeoutMillis: options.connectTimeoutMs,
    query_timeout: options.statementTimeoutMs + NETWORK_ALLOWANCE_MS,
    options: settings.map(setting => `-c ${setting}`).join(' '),
    maxLifetimeSeconds: LIFETIME_SECONDS
  })
  pool.on('error', error => options.onError?.(error))
  return pool
}

/** The `Database` port over a pool. The caller closes the pool. */
export function postgresDatabase(pool: pg.Pool): Database {
  async function transact<T>(mode: string, work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const client = await pool.connect()
    let broken: Error | undefined
    try {
      await client.query(`BEGIN ${mode}`)
      const answer = await work(handle(client))
      await client.query('COMMIT')
      return answer
    } catch (error) {
      broken = await rollBack(client)
      throw error
    } finally {
      client.release(broken)
    }
  }

  return {
    query: (statement, parameters) => run(pool, statement, parameters),
    transaction: work => transact('', work),
    snapshot: work => transact(SNAPSHOT, work)
  }
}

async function run<Row>(
  on: pg.Pool | pg.PoolClient,
  statement: Statement,
  parameters: readonly Parameter[] = []
): Promise<Row[]> {
  const result = await on.query({ name: statement.name, text: statement.text, values: [...parameters], types })
  return result.rows
}

function handle(client: pg.PoolClient): Transaction {
  return {
    query: (statement, parameters) => run(client, statement, parameters),
    async script(text) {
      await client.query({ text, query_timeout: UNBOUNDED_MS } as pg.QueryConfig)
    }
  }
}

/** Rolls back. Returns the error when this fails, because the connection must then be discarded. */
async function rollBack(client: pg.PoolClient): Promise<Error | undefined> {
  try {
    await client.query('ROLLBACK')
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error('rollback failed')
  }
}
