import { createHash, randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { OperatorError } from '@rendezvous/lifecycle'
import { applyFunctions, type FunctionSet, readFunctions, readSql } from './functions.ts'
import type { Database, Statement, Transaction } from './port.ts'

/** The folders with the SQL of a release. */
export interface SqlFolders {
  /** Has folders `<n>_<name>`, each with a `migration.sql`. */
  readonly migrations: string
  /** Has files `<name>.sql`, each with one function. When absent, no function is applied. */
  readonly functions?: string
}

/** The SQL of this product. */
const PRODUCT: SqlFolders = {
  migrations: fileURLToPath(new URL('../../../../prisma/migrations/', import.meta.url)),
  functions: fileURLToPath(new URL('../../../../prisma/functions/', import.meta.url))
}

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

/** The history of a database does not fit the migrations of this release. The message says what to do. */
class HistoryMismatch extends OperatorError {
  constructor(text: string) {
    super(`The database: ${text}`)
    this.name = 'HistoryMismatch'
  }
}

/** The lock that `prisma migrate` takes, so that the two never migrate at the same time. */
const LOCK = 'SELECT pg_advisory_xact_lock(72707369)'
/** A migration may rewrite a large table, so it has none of the timeouts of requests. */
const UNBOUNDED =
  'SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0'
/** The same table as `prisma migrate` creates. */
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
 * Applies all pending migrations of `folders`, then its functions. Answers the names of the applied migrations, and
 * `functions` last when those were replaced. Empty when there was nothing to do.
 *
 * Each migration is one transaction, together with its record in `_prisma_migrations`. The record is written as
 * `prisma migrate deploy` writes it, so either tool can continue. The functions are one transaction. A database whose
 * functions belong to a later release keeps them. Several processes may call this at once: one applies everything, and
 * the others wait and find nothing to do.
 *
 * @throws HistoryMismatch when an applied migration has changed since, or another tool began a migration and did not
 * finish it. Then nothing is applied.
 * @throws Error when a function cannot be replaced. Then migrations stay, and functions are as before.
 */
export async function migrate(database: Database, folders: SqlFolders = PRODUCT): Promise<string[]> {
  const migrations = await readMigrations(folders.migrations)
  const set = folders.functions === undefined ? null : await readFunctions(folders.functions)
  const done: string[] = []
  for (;;) {
    const name = await database.transaction(transaction => applyNext(transaction, migrations))
    if (name === null) break
    done.push(name)
  }
  if (set !== null && (await database.transaction(transaction => replace(transaction, set, migrations)))) {
    done.push('functions')
  }
  return done
}

/** Takes the lock of migrations, so that two nodes do not replace the same function at once. */
async function replace(transaction: Transaction, set: FunctionSet, migrations: readonly Migration[]): Promise<boolean> {
  await transaction.script(UNBOUNDED)
  await transaction.script(LOCK)
  return applyFunctions(transaction, set, Number.parseInt(migrations.at(-1)?.name ?? '0', 10))
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
    if (!finished) {
      throw new HistoryMismatch(
        `migration ${name} began and did not finish. Restore a backup; or repair the tables, then run: npx prisma migrate resolve --rolled-back ${name}`
      )
    }
    const migration = known.get(name)
    if (migration !== undefined && migration.checksum !== checksum) {
      throw new HistoryMismatch(
        `migration ${name} was changed after it was applied. Restore its file as it was released, and make the change in a new migration.`
      )
    }
  }
  const names = new Set(applied.map(({ name }) => name))
  return migrations.find(({ name }) => !names.has(name)) ?? null
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter(entry => entry.isDirectory()).map(entry => entry.name)
  return Promise.all(
    names.sort().map(async name => {
      const sql = await readSql(`${folder}/${name}/migration.sql`)
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    })
  )
}
