import pg from 'pg'
import t, { type Test } from 'tap'
import { DatabaseInUse, type DatabaseLockOptions, lockDatabase } from '../../src/database/lock.ts'
import { createDatabase, needsServer } from './engines.ts'

const LONG_MS = 60_000

/** Who holds the lock, and who queues for it. */
const SEEN = `SELECT pid, granted, objid FROM pg_locks WHERE locktype = 'advisory'
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`

t.test('a PostgreSQL database', needsServer(), async t => {
  t.test('is locked for one, and the next one waits for it', async t => {
    const { lock } = await openWorld(t)
    const first = await lock()
    let told = () => {}
    const waits = new Promise<void>(resolve => {
      told = resolve
    })
    const second = lock({ warn: told })
    await waits
    await first.release()
    await second
    t.equal(await first.lost, null)
  })

  t.test('is refused to who has waited long enough, and to who is interrupted', async t => {
    const { lock } = await openWorld(t)
    await lock()
    await t.rejects(lock({ patienceMs: 0 }), DatabaseInUse)
    const interrupt = new AbortController()
    await t.rejects(lock({ signal: interrupt.signal, warn: () => interrupt.abort() }), { name: 'AbortError' })
  })

  t.test('is no business of another database of the server', async t => {
    const [one, other] = [await openWorld(t), await openWorld(t)]
    await one.lock()
    await t.resolves(other.lock({ patienceMs: 0 }))
  })

  t.test('is locked again when the session is lost', async t => {
    const { lock, seen, end } = await openWorld(t)
    const warnings: string[] = []
    let again = () => {}
    const mended = new Promise<void>(resolve => {
      again = resolve
    })
    await lock({ warn: what => warnings.push(what) === 2 && again() })
    const [holder] = await seen()
    await end(holder?.pid)
    await mended
    t.match(warnings, [/^lost the session/, 'the database is locked again'])
    await t.rejects(lock({ patienceMs: 0 }), DatabaseInUse)
  })

  t.test('is lost when another process was sooner', async t => {
    const { lock, rival, seen, end } = await openWorld(t)
    const { lost } = await lock({ patienceMs: 0 })
    await rival()
    const holder = (await seen()).find(({ granted }) => granted)
    await end(holder?.pid)
    t.type(await lost, DatabaseInUse)
  })

  t.test('that cannot be reached is an error at once', async t => {
    const { lock } = await openWorld(t)
    await t.rejects(lock({ url: 'postgresql://nobody@127.0.0.1:1/nothing' }), { code: 'ECONNREFUSED' })
  })
})

/** A database of its own; what locks it lets go when `t` ends. */
async function openWorld(t: Test) {
  const { url, drop } = await createDatabase()
  const clients: pg.Client[] = []
  const connect = async () => {
    const client = new pg.Client({ connectionString: url })
    clients.push(client)
    await client.connect()
    return client
  }
  const onlooker = await connect()
  const locks: { release(): Promise<void> }[] = []
  t.teardown(async () => {
    for (const lock of locks) await lock.release()
    for (const client of clients) await client.end()
    await drop()
  })

  const seen = async () => (await onlooker.query<{ pid: number; granted: boolean; objid: number }>(SEEN)).rows
  return {
    seen,
    async lock(options: Partial<DatabaseLockOptions> = {}) {
      const { signal } = new AbortController()
      const lock = await lockDatabase({ url, patienceMs: LONG_MS, signal, warn() {}, ...options })
      locks.push(lock)
      return lock
    },
    /** Queues for the lock, so as to get it in the moment in which it is free. */
    async rival() {
      const client = await connect()
      const [held] = await seen()
      client.query('SELECT pg_advisory_lock($1)', [held?.objid]).catch(() => undefined)
      while ((await seen()).every(({ granted }) => granted)); // asking takes a moment
    },
    async end(pid: number | undefined) {
      await onlooker.query('SELECT pg_terminate_backend($1)', [pid])
    }
  }
}
