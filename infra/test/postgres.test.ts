import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { findPostgres, placesOf, startPostgres } from '../scripts/postgres.ts'

/** Writes scripts that print a version, in place of PostgreSQL's programs, into `folder`. */
async function install(folder: string, version: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  for (const program of ['initdb', 'postgres']) {
    await writeFile(join(folder, program), `#!/bin/sh\necho "${program} (PostgreSQL) ${version}"\n`)
    await chmod(join(folder, program), 0o755)
  }
  return folder
}

t.test('the newest PostgreSQL in PATH and the folders of Debian is found', async t => {
  const root = t.testdir()
  const path = await install(join(root, 'bin'), '15.4')
  const debian = join(root, 'postgresql')
  const newest = await install(join(debian, '17', 'bin'), '17.2')
  await install(join(debian, '9.6', 'bin'), '9.6.24')

  t.equal(await findPostgres({ path, debian }), newest)
  t.equal(await findPostgres({ path, debian: join(root, 'none') }), path)
})

t.test('if POSTGRES_BIN is set, no other folder is searched', async t => {
  const root = t.testdir()
  const override = await install(join(root, 'mine'), '15.4')
  const path = await install(join(root, 'bin'), '17.2')
  const places = placesOf({ POSTGRES_BIN: override, PATH: path })

  t.equal(await findPostgres(places), override)
  t.equal(await findPostgres({ ...places, override: join(root, 'none') }), null)
})

t.test('versions before 15 and folders without initdb are ignored', async t => {
  const root = t.testdir({ empty: {} })
  const old = await install(join(root, 'old'), '14.11')
  t.equal(await findPostgres({ path: `${old}:${join(root, 'empty')}`, debian: join(root, 'none') }), null)
})

t.test('the error of a server that does not start contains its output', async t => {
  // Not in testdir: root starts the server as another user, who may not have access to this checkout.
  const home = await mkdtemp(join(tmpdir(), 'rendezvous-test-'))
  t.teardown(() => rm(home, { recursive: true }))
  await chmod(home, 0o755)
  const bin = await install(join(home, 'bin'), '15.4')
  await t.rejects(startPostgres(bin), { message: /^PostgreSQL did not start/ })
})

const bin = await findPostgres(placesOf(process.env))
t.test(
  'a started server answers on loopback until it is stopped',
  { skip: bin === null && 'no postgres found' },
  async t => {
    const postgres = await startPostgres(bin ?? '')
    t.teardown(postgres.stop)
    const port = Number(new URL(postgres.url).port)
    t.equal(await canConnect(port), true)

    await postgres.stop()
    await postgres.stop()
    t.equal(await canConnect(port), false)
  }
)

function canConnect(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
