import { once } from 'node:events'
import { join } from 'node:path'
import t from 'tap'
import { createDatabase, needsServer } from '../../apps/api/test/database/engines.ts'
import { becomeReady, refusedStandalone, spawnStandalone, startStandalone } from './standalone.ts'

t.test('a second process on the same PostgreSQL waits for the first one to end', needsServer(), async t => {
  const { url, drop } = await createDatabase()
  t.teardown(drop)
  const folders = t.testdir({ first: {}, second: {}, third: {} })
  const env = { DATABASE_URL: url }
  const first = await startStandalone(join(folders, 'first'), env)

  const refused = await refusedStandalone(join(folders, 'second'), { ...env, DATABASE_LOCK_WAIT: '100ms' })
  t.match(refused, { code: 1, output: /waiting up to 100 ms[\s\S]*^The database of DATABASE_URL is in use/m })
  t.notMatch(refused.output, /\bat /)

  const waiting = spawnStandalone(join(folders, 'third'), env)
  await once(waiting.child.stderr ?? waiting.child, 'data')
  t.match(waiting.output(), /waiting up to 30000 ms/)
  t.equal(await first.stop(), 0)
  const third = await becomeReady(waiting)
  t.teardown(() => third.stop())
})
