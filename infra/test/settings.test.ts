import { readFile } from 'node:fs/promises'
import t from 'tap'
import { settingsExample } from '../scripts/settings.ts'

t.test('.env.example has exactly the settings of the config schemas', async t => {
  const text = await readFile(new URL('../../.env.example', import.meta.url), 'utf8')

  t.equal(text, settingsExample(), 'run `npm run docs` after changing a config schema')
})

t.test('.env.example shows no secret', async t => {
  t.match(settingsExample(), /^#JWT_SECRET=$/m)
})
