import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** "RNDZ" in ASCII. Advisory locks belong to one database, so the products of two databases of a server do not meet. */
const KEY = 0x524e445a
/** Tried again and again, since one attempt that waits would keep its snapshot, and with it dead rows, for as long. */
const TAKE = `SELECT pg_try_advisory_lock(${KEY}) AS taken`
const PROBE = 'SELECT 1'
/** Between two attempts to take the lock, or to reach the database. */
const RETRY_MS = 500
/** How often the session that holds the lock is asked whether it is still there. */
const PROBE_MS = 5_000
/** For connecting, and for an answer. */
const DEADLINE_MS = 5_000
/** PostgreSQL notices within 25 s that the machine of a holder is gone, and does not end the session for being idle. */
const SETTINGS = [
  'tcp_keepalives_idle=10',
  'tcp_keepalives_interval=5',
  'tcp_keepalives_count=3',
  'idle_session_timeout=0'
]

/** Which database to lock, and how. */
export interface DatabaseLockOptions {
  /** `postgresql://user:password@host:port/name` */
  readonly url: string
  /** How long to wait for another process to let go. */
  readonly patienceMs: number
  /** Ends the wait for the first lock. */
  readonly signal: AbortSignal
  /** Told when another process is waited for, when the lock broke, and when it was taken again. */
  readonly warn: (what: string) => void
}

/** A database that this process alone serves until `release`, or until it ends in whatever way. */
export interface DatabaseLock {
  /** Resolves with an error when the lock is lost for good: its session broke, and once the database could be reached again another process
   *  had the lock for longer than `patienceMs`. Resolves with null after `release`. */
  readonly lost: Promise<DatabaseInUse | null>
  /** Lets the next one in. */
  release(): Promise<void>
}

/** Another process serves the database. */
export class DatabaseInUse extends Error {
  constructor() {
    super('The database of DATABASE_URL is in use by another process. Stop that one first, or choose another database.')
    this.name = 'DatabaseInUse'
  }
}

/**
 * Locks a PostgreSQL database against every other process that asks here, by an advisory lock in a session of its own. When that session
 * breaks it is taken again, as soon as the database can be reached.
 * @throws DatabaseInUse when another process has it for longer than `patienceMs`; AbortError when `signal` aborts; what `pg` throws when the
 * database cannot be reached.
 */
export async function lockDatabase(options: DatabaseLockOptions): Promise<DatabaseLock> {
  const released = new AbortController()
  let session = await take(options)

  async function hold(): Promise<DatabaseInUse | null> {
    while (!released.signal.aborted) {
      await ended(session)
      if (released.signal.aborted) break
      options.warn(
        'lost the session that locks the database; until it is locked again, another process may serve it too'
      )
      const rival = await takeAgain()
      if (rival !== null) return rival
    }
    return null
  }

  async function takeAgain(): Promise<DatabaseInUse | null> {
    const told = new Set<string>()
    while (!released.signal.aborted) {
      try {
        session = await take({ ...options, signal: released.signal })
        options.warn('the database is locked again')
        return null
      } catch (error) {
        if (error instanceof DatabaseInUse) return error
        const what = `the database cannot be locked: ${error instanceof Error ? error.message : String(error)}`
        if (!told.has(what)) options.warn(what)
        told.add(what)
      }
      await sleep(RETRY_MS)
    }
    return null
  }

  const lost = hold()
  return {
    lost,
    async release() {
      released.abort()
      await session.end()
      await lost
      await session.end() // one that was taken meanwhile
    }
  }
}

/** A session that has the lock. */
async function take({ url, patienceMs, signal, warn }: DatabaseLockOptions): Promise<pg.Client> {
  const session = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: DEADLINE_MS,
    query_timeout: DEADLINE_MS,
    options: SETTINGS.map(setting => `-c ${setting}`).join(' ')
  })
  session.on('error', () => undefined) // its end follows
  try {
    await session.connect()
    const since = performance.now()
    for (let attempt = 1; !(await isTaken(session)); attempt += 1) {
      if (performance.now() - since >= patienceMs) throw new DatabaseInUse()
      if (attempt === 1) warn(`another process serves this database; waiting up to ${patienceMs} ms for it to end`)
      await sleep(RETRY_MS, undefined, { signal })
    }
    return session
  } catch (error) {
    await session.end()
    throw error
  }
}

async function isTaken(session: pg.Client): Promise<boolean> {
  const { rows } = await session.query<{ taken: boolean }>(TAKE)
  return rows[0]?.taken === true
}

/** Resolves when `session` is no more, also when nobody said so. */
async function ended(session: pg.Client): Promise<void> {
  const end = new AbortController()
  session.once('end', () => end.abort())
  try {
    for (;;) {
      await session.query(PROBE)
      await sleep(PROBE_MS, undefined, { signal: end.signal })
    }
  } catch {
    await session.end()
  }
}
