import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { PrismaClient } from '../../../../prisma/client/client.ts'
import { openPglite, pgliteDatabase } from './pglite.ts'
import type { Database, Statement } from './port.ts'
import { longestWriteMs, openPool, postgresDatabase } from './postgres.ts'

/** Which database to open, and how. */
export type DatabaseConfig =
  | {
      readonly engine: 'postgresql'
      /** `postgresql://user:password@host:port/name` */
      readonly url: string
      /** Connections for all but the hot statements, and for these. */
      readonly poolSize?: number
      readonly hotPoolSize?: number
      readonly connectTimeoutMs?: number
      readonly statementTimeoutMs?: number
      /** Told of errors of idle connections, which the pools mend by themselves. */
      readonly onError?: (error: Error) => void
    }
  | {
      readonly engine: 'pglite'
      /** Where the data live; in memory when absent. The caller holds the folder's lock. */
      readonly folder?: string
    }

export type { PrismaClient }

/** An open database. */
export interface OpenDatabase {
  readonly engine: 'postgresql' | 'pglite'
  readonly database: Database
  /** For appends and receipts: connections of their own, so that slow reads keep no send waiting. On PGlite the same as `database`. */
  readonly hot: Database
  /** How long after a write its commit may come, in milliseconds. */
  readonly longestWriteMs: number
  /** Over the same connections, for single statements on people. Never its `$transaction` or nested writes. */
  readonly prisma: PrismaClient
  /** Gives back the room of rows that are gone: to be called now and then on PGlite, where it takes a moment and queries wait.
   *  Nothing on PostgreSQL, which does so by itself. */
  tidy(): Promise<void>
  /** Closes what was opened, after the statements under way. */
  close(): Promise<void>
}

/** The tables whose rows are updated or deleted as a matter of course. */
const TIDY: Statement = {
  name: 'database_tidy',
  text: 'VACUUM outbox, conversation, membership, session, retired_token, person'
}

const POOL_SIZE = 10
const HOT_POOL_SIZE = 4
const CONNECT_TIMEOUT_MS = 5_000
const STATEMENT_TIMEOUT_MS = 10_000

/** Opens the database. Applies no migration.
 *  @throws when the embedded engine does not start; PostgreSQL is reached at the first query only. */
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
