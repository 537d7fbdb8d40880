import { readFile } from 'node:fs/promises'
import t from 'tap'
import { withTables } from '../scripts/protocol.ts'

t.test('the tables of docs/protocol.md match the contract', async t => {
  const text = await readFile(new URL('../../docs/protocol.md', import.meta.url), 'utf8')

  t.equal(text, withTables(text), 'run `npm run docs` after changing the contract')
})

t.test('a document without the markers of a part is refused', async t => {
  t.throws(() => withTables('# nothing here'), /has no part between/)
})
