import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { readFunctions } from '../../apps/api/src/database/functions.ts'

const FUNCTIONS = fileURLToPath(new URL('../functions/', import.meta.url))
const MIGRATIONS = fileURLToPath(new URL('../migrations/', import.meta.url))

const { functions, hash } = await readFunctions(FUNCTIONS)
const names = (await readdir(MIGRATIONS)).filter(name => /^\d/.test(name)).sort()
const migrations = await Promise.all(
  names.map(async name => ({ name, sql: await readFile(`${MIGRATIONS}${name}/migration.sql`, 'utf8') }))
)

await t.test('each function says which others it needs', async t => {
  for (const { name, needs, sql } of functions) {
    const code = sql.replace(/--.*$/gm, '')
    const called = functions.filter(other => other.name !== name && new RegExp(`\\b${other.name}\\(`).test(code))
    t.same([...needs].sort(), called.map(other => other.name).sort(), name)
  }
})

// An older node leaves functions alone that came with a later migration, so no two sets of functions may share one.
await t.test('a change of the functions comes with a migration that names them', async t => {
  const named = migrations.flatMap(({ sql }) => /^-- functions: (\w+)$/m.exec(sql)?.[1] ?? [])
  t.equal(named.at(-1), hash, `a new migration, even an empty one, needs the line "-- functions: ${hash}"`)
})

await t.test('a migration since there are files replaces no function that has one', async t => {
  const later = migrations.filter(({ name }) => name > '0011')
  for (const { name, sql } of later) {
    const replaced = functions.filter(each => new RegExp(`(REPLACE|DROP) FUNCTION ${each.name}\\b`, 'i').test(sql))
    t.same(replaced, [], name)
  }
})

await t.test('line ends of a checkout on Windows change no function', async t => {
  const files = (await readdir(FUNCTIONS)).map(async name => {
    const text = await readFile(`${FUNCTIONS}${name}`, 'utf8')
    return [name, text.replaceAll('\n', '\r\n')]
  })
  const folder = t.testdir(Object.fromEntries(await Promise.all(files)))

  t.equal((await readFunctions(folder)).hash, hash)
})
