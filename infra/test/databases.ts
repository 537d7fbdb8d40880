import { randomUUID } from 'node:crypto'
import pg from 'pg'
import type { Test } from 'tap'

const SERVER = process.env.TEST_DATABASE_URL ?? ''

/** Skip option of a test that needs a PostgreSQL server. */
export function needsServer(): { skip: string | false } {
  return { skip: SERVER === '' && 'TEST_DATABASE_URL names no PostgreSQL server' }
}

/** Creates an empty database on the server and drops it when `t` ends. Answers its URL. */
export async function createDatabase(t: Test): Promise<string> {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await runSql(SERVER, `CREATE DATABASE ${name}`)
  t.teardown(() => runSql(SERVER, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
  const url = new URL(SERVER)
  url.pathname = `/${name}`
  return url.href
}

/** Runs statements in the database at `url`. */
export async function runSql(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
