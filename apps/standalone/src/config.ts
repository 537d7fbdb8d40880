import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ApiVariables, type DatabaseConfig } from '@rendezvous/api'
import { ConfigError, Duration, type Env, parseEnv } from '@rendezvous/env'
import { GatewayVariables } from '@rendezvous/gateway'
import { type Static, Type } from 'typebox'

const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

/** Every variable that the one-process product reads. */
export const StandaloneVariables = Type.Object({
  NODE_ENV: Type.Union([Type.Literal('development'), Type.Literal('production'), Type.Literal('test')], {
    default: 'development',
    description: '`production`: no demo accounts, and no secret made up.'
  }),
  HOST: Type.String({ minLength: 1, default: '127.0.0.1', description: 'Address to listen on.' }),
  PORT: Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: 8_000,
    description: 'Port to listen on; 0 takes a free one.'
  }),
  DATA_DIR: Type.String({
    minLength: 1,
    default: './data',
    description: 'Folder of the embedded database, and of the secret made up for development.'
  }),
  LOG_LEVEL: Type.Union(
    levels.map(level => Type.Literal(level)),
    { default: 'warn', description: 'What is logged, as JSON lines on standard error.' }
  ),
  DATABASE_LOCK_WAIT: Duration({
    minimum: 0,
    maximum: 3_600_000,
    default: 30_000,
    description:
      'How long a start waits for another process that serves the database of DATABASE_URL to end; then it fails. Not below the DRAIN_TIME of that one.'
  }),
  ...ApiVariables.properties,
  ...GatewayVariables.properties
})
/** The variables of the one-process product, read. */
export type StandaloneConfig = Readonly<Static<typeof StandaloneVariables>>

/** @throws ConfigError naming every bad variable; in production JWT_SECRET is one when it is not set. */
export function readConfig(env: Env): StandaloneConfig {
  const config = parseEnv(StandaloneVariables, env)
  if (config.NODE_ENV === 'production' && config.JWT_SECRET === undefined) {
    throw new ConfigError([{ name: 'JWT_SECRET', mustBe: 'a secret of at least 32 characters', missing: true }])
  }
  return config
}

/** The secret of a development machine: made up once and kept in `folder`, so that tokens outlive a restart. */
export async function keptSecret(folder: string): Promise<string> {
  const file = join(folder, 'secret')
  try {
    await writeFile(file, randomBytes(48).toString('base64url'), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  return readFile(file, 'utf8')
}

/** The database that `config` names: PostgreSQL, or the embedded one in its folder, whose lock the caller holds. */
export function databaseConfig(
  config: Pick<StandaloneConfig, 'DATABASE_URL' | 'DATABASE_POOL_SIZE' | 'DATABASE_HOT_POOL_SIZE' | 'DATA_DIR'>,
  onError: (error: Error) => void
): DatabaseConfig {
  const { DATABASE_URL: url, DATABASE_POOL_SIZE: poolSize, DATABASE_HOT_POOL_SIZE: hotPoolSize } = config
  if (url === undefined) return { engine: 'pglite', folder: join(config.DATA_DIR, 'pg') }
  return { engine: 'postgresql', url, poolSize, hotPoolSize, onError }
}
