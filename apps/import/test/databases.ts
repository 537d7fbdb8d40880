import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { migrate, type OpenDatabase, openDatabase } from '@rendezvous/api'
import pg from 'pg'
import type { Test } from 'tap'

const SERVER = process.env.TEST_DATABASE_URL ?? ''
const NO_SERVER = 'TEST_DATABASE_URL names no PostgreSQL server'

/** A database that a Django project made: see fixtures/README.md. */
export type Fixture = 'chat-matching' | 'gmessagerie'

/** Skip option of tests that move out of a server's database. */
export function needsServer(): { skip: string | false } {
  return { skip: SERVER === '' && NO_SERVER }
}

/** A new database on the server, dropped with the test; answers its address. */
export async function createDatabase(t: Test): Promise<string> {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await runSql(SERVER, `CREATE DATABASE ${name}`)
  t.teardown(() => runSql(SERVER, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
  const url = new URL(SERVER)
  url.pathname = `/${name}`
  return url.href
}

/** A database that holds a fixture; answers its address. */
export async function loadFixture(t: Test, fixture: Fixture): Promise<string> {
  const url = await createDatabase(t)
  await runSql(url, await readFile(new URL(`fixtures/${fixture}.sql`, import.meta.url), 'utf8'))
  return url
}

/** Runs statements on a database. */
export async function runSql(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

/** The engines that one can move into. */
export const targets = ['PGlite', 'PostgreSQL'] as const
export type Target = (typeof targets)[number]

/** An empty, migrated database of the product, closed with the test. */
export async function openTarget(t: Test, target: Target): Promise<OpenDatabase> {
  const config =
    target === 'PGlite'
      ? ({ engine: 'pglite' } as const)
      : ({ engine: 'postgresql', url: await createDatabase(t) } as const)
  const open = await openDatabase(config)
  t.teardown(() => open.close())
  await migrate(open.database)
  return open
}

/** Runs `suite` for each engine that one can move into. */
export async function onEveryTarget(t: Test, suite: (t: Test, target: Target) => Promise<void>): Promise<void> {
  for (const target of targets) await t.test(`into ${target}`, needsServer(), t => suite(t, target))
}
