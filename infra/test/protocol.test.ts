import { readFile } from 'node:fs/promises'
import t from 'tap'
import { withTables } from '../scripts/protocol.ts'

t.test('docs/protocol.md says what the contract says', async t => {
  const text = await readFile(new URL('../../docs/protocol.md', import.meta.url), 'utf8')

  t.equal(text, withTables(text), 'run `npm run docs` after changing the contract')
})

t.test('a document without a part is refused rather than left as it is', async t => {
  t.throws(() => withTables('# nothing here'), /has no part/)
})
