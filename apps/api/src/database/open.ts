import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { PrismaClient } from '../../../../prisma/client/client.ts'
import { openPglite, pgliteDatabase } from './pglite.ts'
import type { Database, Statement } from './port.ts'
import { longestWriteMs, openPool, postgresDatabase } from './postgres.ts'

/** The database to open. */
export type DatabaseConfig =
  | {
      readonly engine: 'postgresql'
      /** `postgresql://user:password@host:port/name` */
      readonly url: string
      /** Connections of `OpenDatabase.database`. */
      readonly poolSize?: number
      /** Connections of `OpenDatabase.hot`. */
      readonly hotPoolSize?: number
      readonly connectTimeoutMs?: number
      readonly statementTimeoutMs?: number
      /** Receives errors of idle connections. The pools replace those connections. */
      readonly onError?: (error: Error) => void
    }
  | {
      readonly engine: 'pglite'
      /** The folder of the data; in memory when absent. The caller holds the folder's lock. */
      readonly folder?: string
    }

export type { PrismaClient }

/** An open database. */
export interface OpenDatabase {
  readonly engine: 'postgresql' | 'pglite'
  readonly database: Database
  /** For messages and receipts. Has its own connections, so that slow reads delay no send. On PGlite the same as
   *  `database`. */
  readonly hot: Database
  /** The longest time between a write and its commit, in milliseconds. */
  readonly longestWriteMs: number
  /** For single statements on people, over the connections of `database`. Do not use `$transaction` or nested
   *  writes. */
  readonly prisma: PrismaClient
  /** Frees the space of deleted rows. On PGlite, call it every hour or so; other queries wait meanwhile. On
   *  PostgreSQL it does nothing, because autovacuum does the work. */
  tidy(): Promise<void>
  /** Closes all connections after their current statements. */
  close(): Promise<void>
}

/** The tables with frequent updates or deletes. */
const TIDY: Statement = {
  name: 'database_tidy',
  text: 'VACUUM outbox, conversation, membership, session, retired_token, person, person_search, audit'
}

const POOL_SIZE = 10
const HOT_POOL_SIZE = 4
const CONNECT_TIMEOUT_MS = 5_000
const STATEMENT_TIMEOUT_MS = 10_000

/** Opens the database. Applies no migration. Connects to PostgreSQL at the first query.
 *  @throws Error when the embedded engine does not start. */
export async function openDatabase(config: DatabaseConfig): Promise<OpenDatabase> {
  return config.engine === 'pglite' ? openEmbedded(config.folder) : openServer(config)
}

function openServer(config: Extract<DatabaseConfig, { engine: 'postgresql' }>): OpenDatabase {
  const statementTimeoutMs = config.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS
  const shared = {
    connectionString: config.url,
    connectTimeoutMs: config.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    statementTimeoutMs,
    ...(config.onError === undefined ? {} : { onError: config.onError })
  }
  const main = openPool({ ...shared, max: config.poolSize ?? POOL_SIZE })
  const hot = openPool({ ...shared, max: config.hotPoolSize ?? HOT_POOL_SIZE })
  const prisma = new PrismaClient({ adapter: new PrismaPg(main) })
  return {
    engine: 'postgresql',
    database: postgresDatabase(main),
    hot: postgresDatabase(hot),
    longestWriteMs: longestWriteMs(statementTimeoutMs),
    prisma,
    async tidy() {},
    async close() {
      await prisma.$disconnect()
      await Promise.all([main.end(), hot.end()])
    }
  }
}

async function openEmbedded(folder: string | undefined): Promise<OpenDatabase> {
  const engine = await openPglite(folder)
  const database = pgliteDatabase(engine)
  const prisma = new PrismaClient({ adapter: new PrismaPGlite(engine) })
  return {
    engine: 'pglite',
    database,
    hot: database,
    longestWriteMs: longestWriteMs(STATEMENT_TIMEOUT_MS),
    prisma,
    async tidy() {
      await database.query(TIDY)
    },
    async close() {
      await prisma.$disconnect()
      await engine.close()
    }
  }
}
