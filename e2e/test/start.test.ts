import { chmod, mkdir, stat, truncate, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { openDatabase } from '@rendezvous/api'
import t, { type Test } from 'tap'
import { createDatabase, needsServer } from '../../apps/api/test/database/engines.ts'
import { checkedFetch, fetchWhileStarting } from './contract/checked.ts'
import { becomeReady, refusedStandalone, spawnStandalone, startStandalone } from './standalone.ts'

/** A start with `env` ends with one line that matches `text`, without a stack. */
async function refusedWith(t: Test, text: RegExp, folder: string, env: Record<string, string> = {}): Promise<void> {
  const { code, output } = await refusedStandalone(folder, env)
  const lines = output.trimEnd().split('\n')
  t.equal(code, 1)
  t.match(lines.at(-1), text)
  t.notMatch(output, /^\s+at |Error:/m)
}

/** Changes the record of the migrations in a database that nobody serves. */
async function history(config: Parameters<typeof openDatabase>[0], change: string): Promise<void> {
  const { database, close } = await openDatabase(config)
  await database.query({ name: 'test_history', text: `UPDATE _prisma_migrations ${change}` })
  await close()
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}

t.test('the first start says what it does, and answers 503 until it is ready', async t => {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const folder = join(t.testdir(), 'data')
  const spawned = spawnStandalone(folder, { PORT: String(port) })
  const first = await new Promise(resolve => spawned.lines.once('line', resolve))
  t.match(first, /^Creating a database in .*pg, which takes a few seconds$/)

  const [ready, api, live] = await Promise.all(
    ['/readyz', '/api/v1/conversations/', '/livez'].map(path => fetchWhileStarting(`${url}${path}`))
  )
  for (const answer of [ready, api]) {
    t.equal(answer?.status, 503)
    t.equal(answer?.headers.get('retry-after'), '1')
    t.match(answer?.headers.get('content-type'), 'application/problem+json')
    t.match(await answer?.json(), { code: 'unavailable', detail: /starting/ })
  }
  t.equal(live?.status, 200)
  const server = await becomeReady(spawned)
  t.teardown(() => server.stop())
  t.equal((await checkedFetch(`${url}/readyz`)).status, 200)
  t.match(server.output(), /Brought its tables up to date/)
})

t.test('localhost is served on each of its addresses', async t => {
  const server = await startStandalone(t.testdir(), { HOST: 'localhost' })
  t.teardown(() => server.stop())
  t.equal((await checkedFetch(`http://127.0.0.1:${new URL(server.url).port}/readyz`)).status, 200)
  t.match(server.output(), /demo_ana/)
})

t.test('the data folder is for its owner alone, an existing one is mended, and the start says so', async t => {
  const folder = join(t.testdir(), 'data')
  const before = await startStandalone(folder)
  t.equal((await stat(folder)).mode & 0o777, 0o700)
  t.equal((await stat(join(folder, 'pg'))).mode & 0o777, 0o700, 'and so is the database in it')
  t.notMatch(before.output(), /could enter/)
  await before.stop()
  await chmod(folder, 0o755)

  const after = await startStandalone(folder)
  t.teardown(() => after.stop())

  t.equal((await stat(folder)).mode & 0o777, 0o700)
  t.match(after.output(), /^DATA_DIR: .* could enter .*data\. Its mode was 0755 and is now 0700\.$/m)
})

t.test('a data folder that cannot be used is one line that names it', async t => {
  const root = t.testdir({ file: 'x', secret: { secret: '' }, pg: { pg: 'x' } })
  await refusedWith(t, /^DATA_DIR: \S+file is a file .* set DATA_DIR/, join(root, 'file'))
  await refusedWith(t, /^DATA_DIR: \S+file\/below is a file or lies below one/, join(root, 'file', 'below'))
  await refusedWith(t, /^DATA_DIR: the secret in \S+secret\/secret .* Delete it/, join(root, 'secret'))
  await refusedWith(t, /^DATA_DIR: \S+pg\/pg is a file/, join(root, 'pg'))
})

t.test('a damaged database is one line that names the folder and says what to do', async t => {
  const folder = join(t.testdir(), 'data')
  await (await startStandalone(folder)).stop()
  await truncate(join(folder, 'pg', 'global', 'pg_control'), 0)
  await refusedWith(t, /^DATA_DIR: the database in \S+data\/pg is damaged.* backup .* move/, folder)

  const half = join(folder, 'half')
  await mkdir(join(half, 'pg'), { recursive: true })
  await writeFile(join(half, 'pg', 'PG_VERSION'), '17\n')
  await refusedWith(t, /^DATA_DIR: the database in \S+half\/pg is damaged/, half)
})

t.test('a PostgreSQL that cannot be reached is one line that names its address', async t => {
  const port = await freePort()
  const env = { DATABASE_URL: `postgresql://me:geheim@127.0.0.1:${port}/chat` }
  const { output } = await refusedStandalone(t.testdir(), env)
  t.notMatch(output, /geheim/)
  await refusedWith(
    t,
    new RegExp(`^PostgreSQL cannot be reached at 127.0.0.1:${port} .*DATABASE_URL`),
    t.testdir(),
    env
  )
})

t.test('migrations that were changed or did not finish are one line that says what to do', needsServer(), async t => {
  const { url, drop } = await createDatabase()
  t.teardown(drop)
  await (await startStandalone(t.testdir(), { DATABASE_URL: url })).stop()

  await history({ engine: 'postgresql', url }, `SET finished_at = NULL WHERE migration_name = '0001_init'`)
  await refusedWith(t, /^The database: migration 0001_init began and did not finish\..*backup/, t.testdir(), {
    DATABASE_URL: url
  })
  await history(
    { engine: 'postgresql', url },
    `SET finished_at = now(), checksum = 'x' WHERE migration_name = '0001_init'`
  )
  await refusedWith(t, /^The database: migration 0001_init was changed after it was applied\..*Restore/, t.testdir(), {
    DATABASE_URL: url
  })
})

t.test('the embedded database says the same of its migrations', async t => {
  const folder = t.testdir()
  await (await startStandalone(folder)).stop()
  await history(
    { engine: 'pglite', folder: join(folder, 'pg') },
    `SET checksum = 'x' WHERE migration_name = '0001_init'`
  )
  await refusedWith(t, /^The database: migration 0001_init was changed after it was applied\./, folder)
})

t.test('a database, role or encoding that does not fit is one line', needsServer(), async t => {
  const { url, drop } = await createDatabase("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
  t.teardown(drop)
  const at = (change: (url: URL) => void): { DATABASE_URL: string } => {
    const changed = new URL(url)
    change(changed)
    return { DATABASE_URL: changed.href }
  }
  const absent = at(changed => {
    changed.pathname = '/absent_database'
  })
  await refusedWith(t, /^Database "absent_database" does not exist .*createdb/, t.testdir(), absent)
  const stranger = at(changed => {
    changed.username = 'absent_role'
  })
  await refusedWith(t, /role "absent_role"|Role "absent_role"/, t.testdir(), stranger)
  await refusedWith(t, /^Database .* has the encoding LATIN1.*ENCODING 'UTF8'/, t.testdir(), { DATABASE_URL: url })
})
