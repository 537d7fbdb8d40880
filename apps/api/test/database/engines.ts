import { randomUUID } from 'node:crypto'
import type { UserId } from '@rendezvous/contract'
import pg from 'pg'
import type { Test } from 'tap'
import { migrate } from '../../src/database/migrate.ts'
import { type DatabaseConfig, type OpenDatabase, openDatabase } from '../../src/database/open.ts'
import type { Database } from '../../src/database/port.ts'

/** An engine to run a suite on. */
export interface Engine {
  readonly name: string
  /** Why it cannot be run here, or false. */
  readonly skip: string | false
  /** Opens a fresh, migrated database, which `close` removes. */
  open(): Promise<OpenDatabase>
}

const SERVER = process.env.TEST_DATABASE_URL ?? ''
const NO_SERVER = 'TEST_DATABASE_URL names no PostgreSQL server'

/** The embedded engine, and the PostgreSQL server that TEST_DATABASE_URL names. */
export function engines(): Engine[] {
  return [
    { name: 'PGlite', skip: false, open: () => openMigrated({ engine: 'pglite' }) },
    { name: 'PostgreSQL', skip: SERVER === '' && NO_SERVER, open: openOnServer }
  ]
}

/** A migrated database for tests of the layers above. It is on the server when there is one, because the embedded
 *  engine takes ten times as long to start. The suites of this folder test both engines. */
export function openAny(): Promise<OpenDatabase> {
  return SERVER === '' ? openMigrated({ engine: 'pglite' }) : openOnServer()
}

/** Runs `suite` once on each engine, each time on a fresh database. */
export async function onEveryEngine(t: Test, suite: (t: Test, open: OpenDatabase) => Promise<void>): Promise<void> {
  for (const engine of engines()) {
    await t.test(`on ${engine.name}`, { skip: engine.skip }, async t => {
      const open = await engine.open()
      t.teardown(() => open.close())
      await suite(t, open)
    })
  }
}

/** Creates an empty database on the server, with `options` of CREATE DATABASE. `drop` removes it. */
export async function createDatabase(options = ''): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await onServer(`CREATE DATABASE ${name} ${options}`)
  const url = new URL(SERVER)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) }
}

/** Skip option of a test that needs the server. */
export function needsServer(): { skip: string | false } {
  return { skip: SERVER === '' && NO_SERVER }
}

/** Adds people by direct insertion and answers their ids. */
export async function addPeople(database: Database, count: number): Promise<UserId[]> {
  const rows = await database.query<{ id: UserId }>(
    {
      name: 'test_add_people',
      text: `INSERT INTO person (username, password_hash) SELECT 'user-' || gen_random_uuid(), 'x' FROM generate_series(1, $1::int) RETURNING id`
    },
    [count]
  )
  return rows.map(({ id }) => id)
}

/** Stores that `blocker` blocks `blocked`. */
export async function addBlock(database: Database, blocker: UserId, blocked: UserId): Promise<void> {
  await database.query({ name: 'test_add_block', text: 'INSERT INTO block VALUES ($1, $2)' }, [blocker, blocked])
}

/** Makes all changes so far older by `seconds`, for tests of sync. */
export async function ageChanges(database: Database, seconds: number): Promise<void> {
  const age = "- $1::int * interval '1 s'"
  const texts = {
    conversation: `UPDATE conversation SET changed_at = changed_at ${age}`,
    membership: `UPDATE membership SET changed_at = changed_at ${age}, private_read_at = private_read_at ${age}`
  }
  for (const [table, text] of Object.entries(texts))
    await database.query({ name: `test_age_${table}`, text }, [seconds])
}

async function openMigrated(config: DatabaseConfig): Promise<OpenDatabase> {
  const open = await openDatabase(config)
  await migrate(open.database)
  return open
}

async function openOnServer(): Promise<OpenDatabase> {
  const { url, drop } = await createDatabase()
  const open = await openMigrated({ engine: 'postgresql', url })
  return {
    ...open,
    async close() {
      await open.close()
      await drop()
    }
  }
}

async function onServer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: SERVER })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
