import { readdir, readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = `${root}docs/adr/`
const names = (await readdir(folder)).sort()
const texts = await Promise.all(names.map(name => readFile(folder + name, 'utf8')))

/** Every file below `path`, relative to it. */
async function filesIn(path: string): Promise<string[]> {
  const entries = await readdir(root + path, { recursive: true })
  return entries.filter(entry => !entry.includes('node_modules'))
}

t.test('decisions are numbered without a gap', async t => {
  t.same(
    names.map(name => Number(name.slice(0, 4))),
    names.map((_, index) => index + 1)
  )
})

t.test('a decision cites only tests that exist', async t => {
  const folders = ['apps', 'packages', 'e2e', 'infra', 'prisma']
  const tests = new Set((await Promise.all(folders.map(filesIn))).flat().map(path => basename(path)))
  const cited = texts.flatMap((text, index) =>
    [...text.matchAll(/[\w/.-]+\.test\.ts/g)].map(([path]) => ({ path, in: names[index] }))
  )

  t.ok(cited.length > names.length, `${cited.length} citations`)
  t.same(
    cited.filter(({ path }) => !tests.has(basename(path))),
    []
  )
})
