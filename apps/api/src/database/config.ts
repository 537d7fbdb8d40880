import { join } from 'node:path'
import { type Static, Type } from 'typebox'
import type { DatabaseConfig } from './open.ts'

/** The variables of a process that opens a PostgreSQL database. */
export const DatabaseVariables = Type.Object({
  DATABASE_URL: Type.Optional(
    Type.String({
      pattern: '^postgres(ql)?://',
      expected: 'an address like postgresql://user:password@host:5432/name',
      description: 'The PostgreSQL database. Without it, a program that has an embedded database uses that.'
    })
  ),
  DATABASE_POOL_SIZE: Type.Integer({
    minimum: 1,
    maximum: 1_000,
    default: 10,
    description: 'Connections to PostgreSQL for everything except storing messages and receipts.'
  }),
  DATABASE_HOT_POOL_SIZE: Type.Integer({
    minimum: 1,
    maximum: 1_000,
    default: 4,
    description: 'Connections to PostgreSQL for storing messages and receipts.'
  })
})

/** The variables of a process that opens the embedded database when `DATABASE_URL` is not set. */
export const StorageVariables = Type.Object({
  DATA_DIR: Type.String({
    minLength: 1,
    default: './data',
    description: 'The folder of the embedded database and of the generated development secret.'
  }),
  ...DatabaseVariables.properties
})

/** The database of `DATABASE_URL`, or else the embedded one in `DATA_DIR`. The caller holds the lock on that folder.
 *  `onError` receives the errors of idle connections. */
export function databaseConfig(
  variables: Readonly<Static<typeof StorageVariables>>,
  onError: (error: Error) => void
): DatabaseConfig {
  const { DATABASE_URL: url, DATABASE_POOL_SIZE: poolSize, DATABASE_HOT_POOL_SIZE: hotPoolSize } = variables
  if (url === undefined) return { engine: 'pglite', folder: join(variables.DATA_DIR, 'pg') }
  return { engine: 'postgresql', url, poolSize, hotPoolSize, onError }
}
