import pg from 'pg'
import t, { type Test } from 'tap'
import { createDatabase, needsServer } from '../../../infra/test/databases.ts'
import { DatabaseInUse, type DatabaseLockOptions, lockDatabase } from '../src/database.ts'

const LONG_MS = 60_000

/** The sessions that hold the lock, or wait for it. */
const LOCKS = `SELECT pid, granted, objid FROM pg_locks WHERE locktype = 'advisory'
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`

t.test('the lock on a PostgreSQL database', needsServer(), async t => {
  t.test('has one holder, and the next process waits for it', async t => {
    const { lock } = await openScene(t)
    const first = await lock()
    const { promise: waits, resolve: onWarning } = deferred()
    const second = lock({ warn: onWarning })
    await waits
    await first.release()
    await second
    t.equal(await first.lost, null)
  })

  t.test('is refused to a process that has waited for `waitMs`, and to one that is interrupted', async t => {
    const { lock } = await openScene(t)
    await lock()
    await t.rejects(lock({ waitMs: 0 }), DatabaseInUse)
    const interrupt = new AbortController()
    await t.rejects(lock({ signal: interrupt.signal, warn: () => interrupt.abort() }), { name: 'AbortError' })
  })

  t.test('does not lock another database of the same server', async t => {
    const [one, other] = [await openScene(t), await openScene(t)]
    await one.lock()
    await t.resolves(other.lock({ waitMs: 0 }))
  })

  t.test('is acquired again when its session is lost', async t => {
    const { lock, seen, end } = await openScene(t)
    const warnings: string[] = []
    const { promise: lockedAgain, resolve } = deferred()
    await lock({ warn: text => warnings.push(text) === 2 && resolve() })
    const [holder] = await seen()
    await end(holder?.pid)
    await lockedAgain
    t.match(warnings, [/^lost the lock/, 'the database is locked again'])
    await t.rejects(lock({ waitMs: 0 }), DatabaseInUse)
  })

  t.test('is lost for good when another process gets it first', async t => {
    const { lock, queueRival, seen, end } = await openScene(t)
    const { lost } = await lock({ waitMs: 0 })
    await queueRival()
    const holder = (await seen()).find(({ granted }) => granted)
    await end(holder?.pid)
    t.type(await lost, DatabaseInUse)
  })

  t.test('fails at once when the database cannot be reached', async t => {
    const { lock } = await openScene(t)
    await t.rejects(lock({ url: 'postgresql://nobody@127.0.0.1:1/nothing' }), { code: 'ECONNREFUSED' })
  })
})

function deferred() {
  let resolve = () => {}
  const promise = new Promise<void>(settle => {
    resolve = settle
  })
  return { promise, resolve: () => resolve() }
}

/** A database of its own. Its locks are released when `t` ends. */
async function openScene(t: Test) {
  const url = await createDatabase(t)
  const clients: pg.Client[] = []
  const connect = async () => {
    const client = new pg.Client({ connectionString: url })
    clients.push(client)
    await client.connect()
    return client
  }
  const observer = await connect()
  const locks: { release(): Promise<void> }[] = []
  t.teardown(async () => {
    for (const lock of locks) await lock.release()
    for (const client of clients) await client.end()
  })

  const seen = async () => (await observer.query<{ pid: number; granted: boolean; objid: number }>(LOCKS)).rows
  return {
    seen,
    async lock(options: Partial<DatabaseLockOptions> = {}) {
      const { signal } = new AbortController()
      const lock = await lockDatabase({ url, waitMs: LONG_MS, signal, warn() {}, ...options })
      locks.push(lock)
      return lock
    },
    /** Waits for the lock in a session that PostgreSQL gives it to as soon as it is free. */
    async queueRival() {
      const client = await connect()
      const [held] = await seen()
      client.query('SELECT pg_advisory_lock($1)', [held?.objid]).catch(() => undefined)
      while ((await seen()).every(({ granted }) => granted)); // until PostgreSQL has queued the session
    },
    async end(pid: number | undefined) {
      await observer.query('SELECT pg_terminate_backend($1)', [pid])
    }
  }
}
