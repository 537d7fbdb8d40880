import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Database, Statement, Transaction } from './port.ts'

/** The product's migrations: folders `<n>_<name>` with a `migration.sql` each. */
const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../../../prisma/migrations/', import.meta.url))

interface Migration {
  readonly name: string
  readonly sql: string
  readonly checksum: string
}

interface Applied {
  readonly name: string
  readonly checksum: string
  readonly finished: boolean
}

/** The lock that `prisma migrate` takes, so that neither tool works beside the other. */
const LOCK = 'SELECT pg_advisory_xact_lock(72707369)'
/** A migration may rewrite a table: the deadlines of requests do not bind it. */
const UNBOUNDED =
  'SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0'
/** As `prisma migrate` makes it. */
const HISTORY = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum VARCHAR(64) NOT NULL,
  finished_at TIMESTAMPTZ,
  migration_name VARCHAR(255) NOT NULL,
  logs TEXT,
  rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`
const APPLIED: Statement = {
  name: 'migrate_applied',
  text: `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
    FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at`
}
const RECORD: Statement = {
  name: 'migrate_record',
  text: `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
    VALUES ($1, $2, $3, $4, clock_timestamp(), 1)`
}

/**
 * Brings the database up to the newest migration of `folder` and answers the names of those it applied, none when there was nothing
 * to do. Each migration is one transaction together with its record in `_prisma_migrations`, written as `prisma migrate deploy`
 * writes it, so either tool can continue. Several processes may call it at once: one works, the others wait and find nothing to do.
 *
 * @throws when a migration on record has another text by now, or was begun by another tool and not finished; nothing is applied.
 */
export async function migrate(database: Database, folder: string = MIGRATIONS_FOLDER): Promise<string[]> {
  const migrations = await read(folder)
  const done: string[] = []
  for (;;) {
    const name = await database.transaction(transaction => applyNext(transaction, migrations))
    if (name === null) return done
    done.push(name)
  }
}

async function applyNext(transaction: Transaction, migrations: readonly Migration[]): Promise<string | null> {
  await transaction.script(UNBOUNDED)
  await transaction.script(LOCK)
  await transaction.script(HISTORY)
  const applied = await transaction.query<Applied>(APPLIED)
  const next = firstPending(migrations, applied)
  if (next === null) return null

  const startedAt = new Date()
  await transaction.script(next.sql)
  await transaction.query(RECORD, [randomUUID(), next.checksum, next.name, startedAt])
  return next.name
}

function firstPending(migrations: readonly Migration[], applied: readonly Applied[]): Migration | null {
  const known = new Map(migrations.map(migration => [migration.name, migration]))
  for (const { name, checksum, finished } of applied) {
    if (!finished) throw new Error(`migration ${name} was begun and did not finish: mend the database, then resolve it`)
    const migration = known.get(name)
    if (migration !== undefined && migration.checksum !== checksum) {
      throw new Error(`migration ${name} was changed after it had been applied`)
    }
  }
  const names = new Set(applied.map(({ name }) => name))
  return migrations.find(({ name }) => !names.has(name)) ?? null
}

async function read(folder: string): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter(entry => entry.isDirectory()).map(entry => entry.name)
  return Promise.all(
    names.sort().map(async name => {
      const sql = await readFile(`${folder}/${name}/migration.sql`, 'utf8')
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    })
  )
}
