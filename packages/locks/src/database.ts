import { setTimeout as sleep } from 'node:timers/promises'
import { OperatorError } from '@rendezvous/lifecycle'
import pg from 'pg'

/** "RNDZ" in ASCII. An advisory lock belongs to one database, so two databases of one server never conflict. */
const KEY = 0x524e445a
/** Repeated, because one statement that waits would keep its snapshot, and dead rows with it, for as long. */
const TRY_LOCK = `SELECT pg_try_advisory_lock(${KEY}) AS locked`
const PROBE = 'SELECT 1'
/** Time between two attempts to get the lock, or to reach the database. */
const RETRY_MS = 500
/** Time between two probes of the session that holds the lock. */
const PROBE_MS = 5_000
/** Deadline of a connection, and of each answer. */
const DEADLINE_MS = 5_000
/** PostgreSQL ends the session within 25 s when the holder's machine is gone, and never because it is idle. */
const SETTINGS = [
  'tcp_keepalives_idle=10',
  'tcp_keepalives_interval=5',
  'tcp_keepalives_count=3',
  'idle_session_timeout=0'
]

/** What `lockDatabase` needs. */
export interface DatabaseLockOptions {
  /** `postgresql://user:password@host:port/name` */
  readonly url: string
  /** How long to wait for another process to release the lock. */
  readonly waitMs: number
  /** Ends the wait for the lock. It has no effect once the lock is held. */
  readonly signal: AbortSignal
  /** Called when this process waits for another one, when it loses the lock, and when it has the lock again. */
  readonly warn: (text: string) => void
}

/** A lock on a database. This process holds it until `release`, or until the process ends. */
export interface DatabaseLock {
  /** Resolves with an error when the lock is lost for good: its session broke, and when the database could be reached
   *  again, another process held the lock for longer than `waitMs`. Resolves with null after `release`. */
  readonly lost: Promise<DatabaseInUse | null>
  /** Unlocks the database. */
  release(): Promise<void>
}

/** Another process holds the lock on the database. */
export class DatabaseInUse extends OperatorError {
  constructor() {
    super(
      'The database of DATABASE_URL is in use by another process. Stop that process first, or choose another database.'
    )
    this.name = 'DatabaseInUse'
  }
}

/**
 * Locks a PostgreSQL database against every other caller of this function, by an advisory lock in a session of its
 * own. When that session breaks, it locks again as soon as the database can be reached.
 * @throws DatabaseInUse when another process holds the lock for longer than `waitMs`
 * @throws AbortError when `signal` aborts
 * @throws the error of `pg` when the database cannot be reached
 */
export async function lockDatabase(options: DatabaseLockOptions): Promise<DatabaseLock> {
  const released = new AbortController()
  let session = await openLockedSession(options)

  async function hold(): Promise<DatabaseInUse | null> {
    while (!released.signal.aborted) {
      await ended(session)
      if (released.signal.aborted) break
      options.warn('lost the lock on the database; until it is locked again, another process may serve it too')
      const refusal = await lockAgain()
      if (refusal !== null) return refusal
    }
    return null
  }

  async function lockAgain(): Promise<DatabaseInUse | null> {
    const warned = new Set<string>()
    while (!released.signal.aborted) {
      try {
        session = await openLockedSession({ ...options, signal: released.signal })
        options.warn('the database is locked again')
        return null
      } catch (error) {
        if (error instanceof DatabaseInUse) return error
        const text = `the database cannot be locked: ${error instanceof Error ? error.message : String(error)}`
        if (!warned.has(text)) options.warn(text)
        warned.add(text)
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
      await session.end() // `lockAgain` may have opened another one
    }
  }
}

/** Opens a session and gets the lock in it. */
async function openLockedSession({ url, waitMs, signal, warn }: DatabaseLockOptions): Promise<pg.Client> {
  const session = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: DEADLINE_MS,
    query_timeout: DEADLINE_MS,
    options: SETTINGS.map(setting => `-c ${setting}`).join(' ')
  })
  session.on('error', () => undefined) // the event `end` follows
  try {
    await session.connect()
    const since = performance.now()
    for (let attempt = 1; !(await tryLock(session)); attempt += 1) {
      if (performance.now() - since >= waitMs) throw new DatabaseInUse()
      if (attempt === 1) warn(`another process serves this database; waiting up to ${waitMs} ms for it to end`)
      await sleep(RETRY_MS, undefined, { signal })
    }
    return session
  } catch (error) {
    await session.end()
    throw error
  }
}

async function tryLock(session: pg.Client): Promise<boolean> {
  const { rows } = await session.query<{ locked: boolean }>(TRY_LOCK)
  return rows[0]?.locked === true
}

/** Resolves when `session` has ended, or no longer answers a probe. */
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
