import { migrate } from '@rendezvous/api'
import t from 'tap'
import { type Look, watch } from '../../apps/api/test/database/plans.ts'
import { createDatabase, loadFixture, needsServer } from '../../apps/import/test/databases.ts'
import { bringOver } from '../../apps/import/test/imports.ts'

/** Those that no index led to. */
function unled(looks: readonly Look[]): string[] {
  const astray = looks.filter(({ byIndex }) => !byIndex)
  return astray.map(({ query, table, node }) => `${node} on ${table}: ${query.replaceAll(/\s+/g, ' ').slice(0, 60)}`)
}

await t.test('a first and a second import find every row by an index', needsServer(), async t => {
  const target = await createDatabase(t)
  const watched = watch(target)
  t.teardown(() => watched.close())
  await migrate(watched.database)
  watched.looks()

  for (const shape of ['chat-matching', 'gmessagerie'] as const) {
    const from = await loadFixture(t, shape)
    await bringOver({ from, shape, database: watched.database })
    await bringOver({ from, shape, database: watched.database })
  }

  const looks = watched.looks()
  t.same(unled(looks), [])
  t.ok(looks.length > 100, `${looks.length} looks`)
})
