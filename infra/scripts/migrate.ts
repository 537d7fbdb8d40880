// Applies migrations and SQL functions to the PostgreSQL database of DATABASE_URL. The embedded database does so at start.

import { databaseFailure, failureText } from '@rendezvous/lifecycle'
import { migrate } from '../../apps/api/src/database/migrate.ts'
import { openPool, postgresDatabase } from '../../apps/api/src/database/postgres.ts'

const url = process.env.DATABASE_URL ?? ''
if (url === '') {
  console.error('Set DATABASE_URL to a PostgreSQL database: postgresql://user:password@host:port/name')
  process.exit(1)
}

const pool = openPool({ connectionString: url, max: 1, connectTimeoutMs: 10_000, statementTimeoutMs: 60_000 })
try {
  const applied = await migrate(postgresDatabase(pool))
  console.log(applied.length === 0 ? 'nothing to apply' : `applied ${applied.join(', ')}`)
} catch (error) {
  const text = failureText(databaseFailure(error, url) ?? error)
  console.error(text ?? `migration failed: ${error instanceof Error ? error.message : 'unknown error'}`)
  process.exitCode = 1
} finally {
  await pool.end()
}
