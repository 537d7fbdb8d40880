import { cp, mkdtemp, readdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { readFunctions } from '../../src/database/functions.ts'
import { migrate, type SqlFolders } from '../../src/database/migrate.ts'
import { type OpenDatabase, openDatabase } from '../../src/database/open.ts'
import type { Database } from '../../src/database/port.ts'
import { createDatabase, needsServer, onEveryEngine } from './engines.ts'

const MIGRATIONS = fileURLToPath(new URL('../../../../prisma/migrations/', import.meta.url))

/** The folder of this file. Tests make theirs inside it. */
const root = t.testdir({})

/** Writes functions, by name, to a new folder. */
async function folderOf(functions: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(`${root}/`)
  for (const [name, sql] of Object.entries(functions)) await writeFile(`${folder}/${name}.sql`, sql)
  return folder
}

/** The file of a function that returns the SQL expression `answer`. */
function answering(name: string, answer: string, needs?: string): string {
  const header = needs === undefined ? '-- Answers.\n' : `-- Answers.\n-- needs: ${needs}\n`
  return `${header}CREATE OR REPLACE FUNCTION ${name}() RETURNS text LANGUAGE sql AS $$ SELECT ${answer} $$;\n`
}

/** The migrations of the product up to `last`, as an earlier release had them, and an empty one named `extra`. */
async function migrationsUpTo(last: string, extra?: string): Promise<string> {
  const folder = await mkdtemp(`${root}/`)
  for (const name of await readdir(MIGRATIONS)) {
    if (/^\d/.test(name) && name <= last) await cp(`${MIGRATIONS}${name}`, `${folder}/${name}`, { recursive: true })
  }
  if (extra !== undefined) {
    await cp(`${MIGRATIONS}0004_search`, `${folder}/${extra}`, { recursive: true })
    await writeFile(`${folder}/${extra}/migration.sql`, 'SELECT 1')
  }
  return folder
}

async function openEmpty(t: Test, engine: OpenDatabase['engine']): Promise<OpenDatabase> {
  if (engine === 'pglite') {
    const open = await openDatabase({ engine })
    t.teardown(() => open.close())
    return open
  }
  const { url, drop } = await createDatabase()
  const open = await openDatabase({ engine, url })
  t.teardown(async () => {
    await open.close()
    await drop()
  })
  return open
}

/** The functions of a database by signature, as PostgreSQL prints them. */
async function definitions(database: Database): Promise<Map<string, string>> {
  const rows = await database.query<{ signature: string; text: string }>({
    name: 'test_definitions',
    text: `SELECT p.oid::regprocedure::text AS signature, pg_get_functiondef(p.oid) AS text FROM pg_proc p
      WHERE p.pronamespace = 'public'::regnamespace AND p.prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c') ORDER BY 1`
  })
  return new Map(rows.map(({ signature, text }) => [signature, text]))
}

async function answerOf(database: Database, name: string): Promise<string | undefined> {
  const [row] = await database.query<{ answer: string }>({ name: `test_${name}`, text: `SELECT ${name}() AS answer` })
  return row?.answer
}

async function suite(t: Test, { database, engine }: OpenDatabase) {
  await t.test('a database from before function files gets the same functions as a fresh one', async t => {
    const old = await openEmpty(t, engine)
    await migrate(old.database, { migrations: await migrationsUpTo('0010_refresh_line') })
    t.ok((await definitions(old.database)).size > 20)

    t.match(await migrate(old.database), ['0011_function_files'])
    t.same(await definitions(old.database), await definitions(database))
  })

  await t.test('functions that only nodes of an earlier release call stay', async t => {
    t.ok(
      [...(await definitions(database)).keys()].some(signature => signature.startsWith('message_append(bigint[],')),
      'message_append has no file'
    )
  })

  await t.test('functions are replaced when their text changes, and only then', async t => {
    const migrations = MIGRATIONS
    const first = await folderOf({ made_a: answering('made_a', "'first'") })
    const commented = await folderOf({ made_a: `-- Answers, as before.\n${answering('made_a', "'first'")}` })
    const second = await folderOf({ made_a: answering('made_a', "'second'") })

    t.same(await migrate(database, { migrations, functions: first }), ['functions'])
    t.equal(await answerOf(database, 'made_a'), 'first')
    t.same(await migrate(database, { migrations, functions: first }), [])
    t.same(await migrate(database, { migrations, functions: commented }), [])
    t.same(await migrate(database, { migrations, functions: second }), ['functions'])
    t.equal(await answerOf(database, 'made_a'), 'second')
    t.same(await migrate(database, { migrations, functions: first }), ['functions'])
    t.equal(await answerOf(database, 'made_a'), 'first')
  })

  await t.test('a function is created after the functions it needs', async t => {
    const functions = await folderOf({
      made_b: answering('made_b', 'made_d() || made_c()', 'made_d, made_c'),
      made_c: answering('made_c', "made_d() || 'c'", 'made_d'),
      made_d: answering('made_d', "'d'")
    })

    t.same(await migrate(database, { migrations: MIGRATIONS, functions }), ['functions'])
    t.equal(await answerOf(database, 'made_b'), 'ddc')
  })

  await t.test('when one function is refused, all stay as they were and the error names it', async t => {
    const good = await folderOf({ made_e: answering('made_e', "'good'") })
    const bad = await folderOf({
      made_e: answering('made_e', "'bad'"),
      made_f: answering('made_f', 'no_such_function()')
    })
    await migrate(database, { migrations: MIGRATIONS, functions: good })

    await t.rejects(
      migrate(database, { migrations: MIGRATIONS, functions: bad }),
      /^function made_f: .*no_such_function/
    )
    t.equal(await answerOf(database, 'made_e'), 'good')
    t.same(await migrate(database, { migrations: MIGRATIONS, functions: good }), [], 'the recorded hash is as before')
  })

  await t.test('a function with other arguments needs another name', async t => {
    const before = await folderOf({ made_g: answering('made_g', "'none'") })
    const after = await folderOf({ made_g: answering('made_g', "'one'").replace('made_g()', 'made_g(p_a int)') })
    await migrate(database, { migrations: MIGRATIONS, functions: before })

    await t.rejects(
      migrate(database, { migrations: MIGRATIONS, functions: after }),
      /made_g exists with other arguments/
    )
    t.equal(await answerOf(database, 'made_g'), 'none')
  })

  await t.test('an older node that starts later leaves the functions of a newer release alone', async t => {
    const older: SqlFolders = {
      migrations: MIGRATIONS,
      functions: await folderOf({ made_h: answering('made_h', "'older'") })
    }
    const newer: SqlFolders = {
      migrations: await migrationsUpTo('8', '9001_newer'),
      functions: await folderOf({ made_h: answering('made_h', "'newer'") })
    }
    await migrate(database, older)
    t.same(await migrate(database, newer), ['9001_newer', 'functions'])

    t.same(await migrate(database, older), [])
    t.equal(await answerOf(database, 'made_h'), 'newer')
  })
}

await onEveryEngine(t, suite)

await t.test('nodes that start at once replace the functions once', needsServer(), async t => {
  const { url, drop } = await createDatabase()
  const nodes = [1, 2, 3].map(() => openDatabase({ engine: 'postgresql', url }))
  const opened = await Promise.all(nodes)
  t.teardown(async () => {
    await Promise.all(opened.map(node => node.close()))
    await drop()
  })
  const [first] = opened
  await migrate((first as OpenDatabase).database)
  const folders = { migrations: MIGRATIONS, functions: await folderOf({ made_a: answering('made_a', "'a'") }) }

  const done = await Promise.all(opened.map(({ database }) => migrate(database, folders)))
  t.same(done.flat(), ['functions'])
})

await t.test('functions that need one another are refused, and the error shows the cycle', async t => {
  const folder = await folderOf({
    made_a: answering('made_a', "'a'", 'made_b'),
    made_b: answering('made_b', "'b'", 'made_c'),
    made_c: answering('made_c', "'c'", 'made_b')
  })
  await t.rejects(readFunctions(folder), /need one another: made_a -> made_b -> made_c -> made_b/)
})

await t.test('a function that needs one without a file is refused', async t => {
  const folder = await folderOf({ made_a: answering('made_a', "'a'", 'made_z') })
  await t.rejects(readFunctions(folder), /made_a\.sql needs made_z, which has no file/)
})

await t.test('a file that is not a comment and one function of its name is refused', async t => {
  const good = answering('made_a', "'a'")
  const bad = {
    'another name': answering('made_b', "'a'"),
    'no comment': good.replace('-- Answers.\n', ''),
    'no function': '-- Nothing.\n',
    'two functions': good + answering('made_b', "'b'").replace('-- Answers.\n', ''),
    'a function that replaces none': good.replace('OR REPLACE ', '')
  }
  for (const [what, text] of Object.entries(bad)) {
    await t.rejects(readFunctions(await folderOf({ made_a: text })), /made_a\.sql must be/, what)
  }
})
