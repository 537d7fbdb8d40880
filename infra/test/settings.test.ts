import { readFile } from 'node:fs/promises'
import t from 'tap'
import { settingsExample } from '../scripts/settings.ts'

t.test('.env.example names every setting of the config schemas, and no other', async t => {
  const text = await readFile(new URL('../../.env.example', import.meta.url), 'utf8')

  t.equal(text, settingsExample(), 'run `npm run docs` after changing a config schema')
})

t.test('the example shows no secret', async t => {
  t.match(settingsExample(), /^#JWT_SECRET=$/m)
})
