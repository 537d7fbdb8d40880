import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { databaseConfig, migrate, type OpenDatabase, openDatabase, type Statement, sqlState } from '@rendezvous/api'
import { databaseFailure, OperatorError } from '@rendezvous/lifecycle'
import { type DatabaseLock, damagedDatabase, lockDatabase, lockFolder } from '@rendezvous/locks'
import { developmentSecret, type StandaloneConfig } from './config.ts'

/** What the start tells the operator. */
export interface Told {
  /** A step of the start, as a line of its own. */
  say(text: string): void
  /** Something to look into, for the log. */
  warn(text: string, details?: object): void
}

/** The locked and opened data of the process. */
export interface Storage {
  /** The lock on the database of DATABASE_URL; null for the embedded database. */
  readonly lock: DatabaseLock | null
  /** Signs tokens. */
  readonly secret: string
  readonly database: OpenDatabase
  /** Closes the database, and unlocks both it and the folder. */
  close(): Promise<void>
}

const OLDEST_VERSION = 150_000
const SUITABLE: Statement = {
  name: 'storage_suitable',
  text: `SELECT current_setting('server_encoding') AS encoding, current_setting('server_version_num')::int AS version,
    current_setting('server_version') AS "versionText", current_database()::text AS name`
}

/** Locks the data folder and the database, and opens them: the migrated database, and the secret that signs tokens.
 *  @throws OperatorError that says what is wrong with the folder, its contents or the database, and what to do */
export async function openStorage(config: StandaloneConfig, shutdown: AbortSignal, told: Told): Promise<Storage> {
  const url = config.DATABASE_URL
  const lock = url === undefined ? null : await lockServer(url, config.DATABASE_LOCK_WAIT, shutdown, told)
  const folder = await lockFolder(config.DATA_DIR)
  if (folder.notice !== null) told.say(folder.notice)
  const secret = config.JWT_SECRET ?? (await developmentSecret(config.DATA_DIR))
  const database = await (url === undefined ? openEmbedded(config, told) : openServer(config, url, told))
  return {
    lock,
    secret,
    database,
    async close() {
      await database.close()
      await folder.release()
      await lock?.release()
    }
  }
}

/** Before the folder, so that a process on both waits for the one before it to end. */
async function lockServer(url: string, waitMs: number, signal: AbortSignal, told: Told): Promise<DatabaseLock> {
  told.say('Connecting to the database of DATABASE_URL')
  try {
    return await lockDatabase({ url, waitMs, signal, warn: told.warn })
  } catch (error) {
    throw databaseFailure(error, url) ?? error
  }
}

async function openServer(config: StandaloneConfig, url: string, told: Told): Promise<OpenDatabase> {
  try {
    const onError = (error: Error) => told.warn('an idle database connection failed', { err: error })
    const database = await openDatabase(databaseConfig(config, onError))
    await refuseUnsuitable(database)
    await bringUpToDate(database, told)
    return database
  } catch (error) {
    throw databaseFailure(error, url) ?? error
  }
}

async function openEmbedded(config: StandaloneConfig, told: Told): Promise<OpenDatabase> {
  const folder = join(config.DATA_DIR, 'pg')
  const isNew = await stat(folder).then(
    () => false,
    () => true
  )
  told.say(isNew ? `Creating a database in ${folder}, which takes a few seconds` : `Opening the database in ${folder}`)
  try {
    const database = await openDatabase(databaseConfig(config, () => {}))
    await bringUpToDate(database, told)
    return database
  } catch (error) {
    if (error instanceof OperatorError) throw error
    if (isEngineFailure(error)) throw await damagedDatabase(error, folder)
    throw error
  }
}

/** Whether the engine did not start, aborted, or found corrupt data (SQLSTATE XX...). Any other SQLSTATE, and an error
 *  of a migration's text, is a bug. */
function isEngineFailure(error: unknown): boolean {
  const state = sqlState(error)
  return state === ''
    ? !(error instanceof Error && /^(migration|function) /.test(error.message))
    : state.startsWith('XX')
}

async function bringUpToDate({ database }: OpenDatabase, told: Told): Promise<void> {
  const applied = await migrate(database)
  if (applied.length > 0) told.say(`Brought its tables up to date (${applied.join(', ')})`)
}

/** @throws OperatorError when texts of every script do not fit into the database, or it is too old. */
async function refuseUnsuitable({ database }: OpenDatabase): Promise<void> {
  const [found] = await database.query<{ encoding: string; version: number; versionText: string; name: string }>(
    SUITABLE
  )
  if (found === undefined) return
  const { encoding, version, versionText, name } = found
  if (version < OLDEST_VERSION) {
    const text = `DATABASE_URL names PostgreSQL ${versionText}, but 15 is the oldest that works. Upgrade the server.`
    throw new OperatorError(text)
  }
  if (encoding === 'UTF8') return
  throw new OperatorError(
    `Database "${name}" of DATABASE_URL has the encoding ${encoding}, which cannot hold every text. Create another one, ` +
      `CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0, and name it in DATABASE_URL.`
  )
}
