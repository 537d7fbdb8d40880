import { mkdir, readdir, writeFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { migrate } from '../../src/database/migrate.ts'
import { openDatabase } from '../../src/database/open.ts'
import type { Database } from '../../src/database/port.ts'
import { createDatabase, needsServer, onEveryEngine } from './engines.ts'

/** Writes migrations, by name, to a new folder. */
async function folderOf(t: Test, migrations: Record<string, string>): Promise<string> {
  const folder = t.testdir({})
  await add(folder, migrations)
  return folder
}

async function add(folder: string, migrations: Record<string, string>): Promise<void> {
  for (const [name, sql] of Object.entries(migrations)) {
    await mkdir(`${folder}/${name}`, { recursive: true })
    await writeFile(`${folder}/${name}/migration.sql`, sql)
  }
}

function tables(database: Database): Promise<{ table: string }[]> {
  return database.query({
    name: 'test_tables',
    text: `SELECT table_name AS table FROM information_schema.tables WHERE table_name LIKE 'made_%' ORDER BY 1`
  })
}

async function suite(t: Test, { database }: { database: Database }) {
  await t.test('a migrated database has nothing to apply', async t => {
    t.same(await migrate(database), [])
  })

  await t.test('an applied migration is recorded as prisma records it', async t => {
    const [record] = await database.query({
      name: 'test_record',
      text: `SELECT migration_name AS name, length(checksum) AS checksum, finished_at >= started_at AS finished, rolled_back_at AS "rolledBack",
        applied_steps_count AS steps, length(id) AS id FROM _prisma_migrations`
    })
    t.same(record, { name: '0001_init', checksum: 64, finished: true, rolledBack: null, steps: 1, id: 36 })
  })

  await t.test('migrations are applied in the order of their names, and later ones in a later call', async t => {
    const folder = await folderOf(t, {
      '9002_b': 'CREATE TABLE made_b (a int REFERENCES made_a)',
      '9001_a': 'CREATE TABLE made_a (a int PRIMARY KEY); SELECT 1;'
    })
    t.same(await migrate(database, { migrations: folder }), ['9001_a', '9002_b'])
    await add(folder, { '9003_c': 'DROP TABLE made_b; DROP TABLE made_a;' })
    t.same(await migrate(database, { migrations: folder }), ['9003_c'])
    t.same(await tables(database), [])
  })

  await t.test('a failing migration changes nothing, and the migrations before it stay', async t => {
    const folder = await folderOf(t, {
      '9101_good': 'CREATE TABLE made_good ()',
      '9102_bad': 'CREATE TABLE made_half (); SELECT 1/0;'
    })
    await t.rejects(migrate(database, { migrations: folder }), /division by zero/)
    t.same(await tables(database), [{ table: 'made_good' }])
    await add(folder, { '9102_bad': 'DROP TABLE made_good' })
    t.same(await migrate(database, { migrations: folder }), ['9102_bad'])
  })

  await t.test('a migration changed after it was applied is refused, and nothing else is applied', async t => {
    const folder = await folderOf(t, { '9201_a': 'SELECT 1' })
    await migrate(database, { migrations: folder })
    await add(folder, { '9201_a': 'SELECT 2', '9202_b': 'CREATE TABLE made_never ()' })
    await t.rejects(migrate(database, { migrations: folder }), /9201_a was changed/)
    t.same(await tables(database), [])
  })

  await t.test('a migration that another tool began and did not finish is refused', async t => {
    const folder = await folderOf(t, { '9301_a': 'CREATE TABLE made_never ()' })
    await database.query({
      name: 'test_unfinished',
      text: `INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('x', 'y', '9301_a')`
    })
    await t.rejects(migrate(database, { migrations: folder }), /9301_a began and did not finish/)
    await database.query({
      name: 'test_resolved',
      text: `UPDATE _prisma_migrations SET rolled_back_at = now() WHERE id = 'x'`
    })
    t.same(await migrate(database, { migrations: await folderOf(t, { '9301_a': 'SELECT 1' }) }), ['9301_a'])
  })

  await t.test('the audit table accepts inserts and refuses every other write', async t => {
    await database.query({
      name: 'test_audit',
      text: `INSERT INTO audit (action, subject_kind, subject_id) VALUES ('a', 'user', '1')`
    })
    for (const text of [`UPDATE audit SET action = 'b'`, 'DELETE FROM audit', 'TRUNCATE audit']) {
      await t.rejects(database.query({ name: `test_${text}`, text }), /append-only/)
    }
  })
}

await onEveryEngine(t, suite)

await t.test('two nodes that migrate at once apply everything once', needsServer(), async t => {
  const { url, drop } = await createDatabase()
  const nodes = await Promise.all([1, 2, 3].map(() => openDatabase({ engine: 'postgresql', url })))
  t.teardown(async () => {
    await Promise.all(nodes.map(node => node.close()))
    await drop()
  })

  const applied = await Promise.all(nodes.map(({ database }) => migrate(database)))

  const names = (await readdir(new URL('../../../../prisma/migrations/', import.meta.url))).filter(name =>
    /^\d/.test(name)
  )
  t.same(applied.flat().sort(), [...names, 'functions'].sort())
})
