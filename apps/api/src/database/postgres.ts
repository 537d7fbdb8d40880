import pg from 'pg'
import { type Database, type Parameter, SNAPSHOT, type Statement, type Transaction } from './port.ts'

/** How a pool behaves. Times in milliseconds. */
export interface PoolOptions {
  readonly connectionString: string
  readonly max: number
  /** How long a caller waits for a connection. */
  readonly connectTimeoutMs: number
  /** How long a statement may run, its wait for locks included; half of it for locks alone. */
  readonly statementTimeoutMs: number
  /** Told of errors of idle connections; the pool replaces them by itself. */
  readonly onError?: (error: Error) => void
}

/** Every statement of a request has its index (a test shows it); a plan that forgoes it comes of statistics that are out of date. Compiling
 *  a plan costs more than running one of these, and so does making one anew for each parameter: five times where messages are read, whose
 *  partitions are all planned for. */
export const PLANNER = ['enable_seqscan=off', 'jit=off', 'plan_cache_mode=force_generic_plan'] as const
/** Connections are renewed, so that a plan made while tables were small does not live on. */
const LIFETIME_SECONDS = 300
const NETWORK_ALLOWANCE_MS = 2_000
/** The longest that a timer waits: a migration takes what it takes. */
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

/** The parsers of `Queryable.query`, for one pool: Prisma has its own over the same connections. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format: 'text' | 'binary') =>
    (format !== 'binary' && parsers.get(oid)) ||
    pg.types.getTypeParser(oid, format)) as pg.CustomTypesConfig['getTypeParser']
}

/** How long a transaction may wait for its owner. */
function idleTimeoutMs(statementTimeoutMs: number): number {
  return statementTimeoutMs * 2
}

/** How long after a write its commit may come: our writes are a statement, or a few with a moment between. In milliseconds. */
export function longestWriteMs(statementTimeoutMs: number): number {
  return statementTimeoutMs + idleTimeoutMs(statementTimeoutMs)
}

/** Opens a pool of connections to PostgreSQL 15 or later. Connects when first used; `end()` closes it. */
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

/** The Database port over a pool. Closing the pool is its owner's business. */
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

/** Answers the error that makes the connection unfit for further use, if there is one. */
async function rollBack(client: pg.PoolClient): Promise<Error | undefined> {
  try {
    await client.query('ROLLBACK')
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error('rollback failed')
  }
}
