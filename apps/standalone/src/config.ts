import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ApiVariables, isSecret, StorageVariables } from '@rendezvous/api'
import { ConfigError, Duration, type Env, parseEnv } from '@rendezvous/env'
import { GatewayVariables } from '@rendezvous/gateway'
import { OperatorError } from '@rendezvous/lifecycle'
import { folderFailure } from '@rendezvous/locks'
import { type Static, Type } from 'typebox'

const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

/** Every environment variable of the one-process product. */
export const StandaloneVariables = Type.Object({
  NODE_ENV: Type.Union([Type.Literal('development'), Type.Literal('production'), Type.Literal('test')], {
    default: 'development',
    description: '`production`: no demo accounts (existing ones are disabled), and JWT_SECRET must be set.'
  }),
  HOST: Type.String({
    minLength: 1,
    default: '127.0.0.1',
    description: 'Address to listen on. There are no demo accounts unless it is of this machine alone, as 127.0.0.1 is.'
  }),
  PORT: Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: 8_000,
    description: 'Port to listen on; 0 takes a free one.'
  }),
  DATA_DIR: StorageVariables.properties.DATA_DIR,
  LOG_LEVEL: Type.Union(
    levels.map(level => Type.Literal(level)),
    { default: 'warn', description: 'What is logged, as JSON lines on standard error.' }
  ),
  DATABASE_LOCK_WAIT: Duration({
    minimum: 0,
    maximum: 3_600_000,
    default: 30_000,
    description:
      'How long a start waits for another process to release the database of DATABASE_URL; then the start fails. At least the DRAIN_TIME of that process.'
  }),
  ...ApiVariables.properties,
  ...GatewayVariables.properties
})
type Variables = Static<typeof StandaloneVariables>
/** The parsed variables of the one-process product. */
export type StandaloneConfig = Readonly<Variables & Required<Pick<Variables, 'PEOPLE_LIST'>>>

/** Parses `env`.
 *  @throws ConfigError that names every bad variable; in production also JWT_SECRET when it is not set */
export function readConfig(env: Env): StandaloneConfig {
  const config = parseEnv(StandaloneVariables, env)
  if (config.NODE_ENV === 'production' && config.JWT_SECRET === undefined) {
    throw new ConfigError([{ name: 'JWT_SECRET', mustBe: 'a secret of at least 32 random characters', missing: true }])
  }
  return Object.freeze({ PEOPLE_LIST: config.NODE_ENV === 'production' ? 'off' : 'emails', ...config })
}

/** The secret of a development machine. The first call creates it in `folder`; later calls read it, so that tokens stay
 *  valid after a restart.
 *  @throws OperatorError that names the file when it cannot be used */
export async function developmentSecret(folder: string): Promise<string> {
  const file = join(folder, 'secret')
  try {
    await writeFile(file, randomBytes(48).toString('base64url'), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST'))
      throw folderFailure(error, file) ?? error
  }
  const secret = await readFile(file, 'utf8').catch(() => '')
  if (isSecret(secret)) return secret
  throw new OperatorError(
    `DATA_DIR: the secret in ${file} cannot be read, or is damaged. Delete it; everybody signs in again.`
  )
}

/** Whether people on other machines may reach the server: it listens on more than this machine, or behind a proxy. */
export function isPublic({ HOST, TRUST_PROXY }: Pick<StandaloneConfig, 'HOST' | 'TRUST_PROXY'>): boolean {
  const isLoopback = /^(localhost|127(\.\d{1,3}){3}|::1|::ffff:127(\.\d{1,3}){3})$/i.test(HOST)
  return !isLoopback || TRUST_PROXY !== undefined
}
