import { migrate } from '@rendezvous/api'
import t from 'tap'
import { type Scan, watch } from '../../apps/api/test/database/plans.ts'
import { createDatabase, loadFixture, needsServer } from '../../apps/import/test/databases.ts'
import { bringOver } from '../../apps/import/test/imports.ts'

/** The lookups that used no index. */
function withoutIndex(scans: readonly Scan[]): string[] {
  const found = scans.filter(({ byIndex }) => !byIndex)
  return found.map(({ query, table, node }) => `${node} on ${table}: ${query.replaceAll(/\s+/g, ' ').slice(0, 60)}`)
}

await t.test('a first and a repeated import find every row by an index', needsServer(), async t => {
  const target = await createDatabase(t)
  const watched = watch(target)
  t.teardown(() => watched.close())
  await migrate(watched.database)
  watched.scans()

  for (const shape of ['chat-matching', 'gmessagerie'] as const) {
    const from = await loadFixture(t, shape)
    await bringOver({ from, shape, database: watched.database })
    await bringOver({ from, shape, database: watched.database })
  }

  const scans = watched.scans()
  t.same(withoutIndex(scans), [])
  t.ok(scans.length > 100, `${scans.length} scans`)
})
