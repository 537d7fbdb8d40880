import { readFile } from 'node:fs/promises'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import t from 'tap'
import { migrate } from '../../apps/api/src/database/migrate.ts'
import { openPglite, pgliteDatabase } from '../../apps/api/src/database/pglite.ts'
import { differences } from '../engine.ts'

const engine = await openPglite()
t.teardown(() => engine.close())
const database = pgliteDatabase(engine)
await migrate(database)

await t.test('schema.prisma matches the migrations', async t => {
  t.same(await differences(new PrismaPGlite(engine)), [])
})

await t.test('a column that exists only in the schema is found', async t => {
  const schema = await readFile(new URL('../schema.prisma', import.meta.url), 'utf8')
  const planted = schema.replace('model Outbox {', 'model Outbox {\n  planted Int?')

  t.same(await differences(new PrismaPGlite(engine), planted), [
    'ALTER TABLE "outbox" ADD COLUMN     "planted" INTEGER'
  ])
})

await t.test('columns, types, indexes and keys that exist only in the database are found', async t => {
  const changes = [
    ['ALTER TABLE message ADD COLUMN planted int', /DROP COLUMN "planted"/],
    [
      'ALTER TABLE message DROP COLUMN planted; ALTER TABLE person ALTER COLUMN bio TYPE varchar(10)',
      /"bio" SET DATA TYPE VARCHAR\(2000\)/
    ],
    [
      'ALTER TABLE person ALTER COLUMN bio TYPE varchar(2000); CREATE INDEX planted ON message (kind)',
      /DROP INDEX "planted"/
    ],
    [
      'DROP INDEX planted; ALTER TABLE membership DROP CONSTRAINT membership_user_id_fkey',
      /ADD CONSTRAINT "membership_user_id_fkey"/
    ]
  ] as const
  for (const [change, expected] of changes) {
    await database.transaction(transaction => transaction.script(change))
    t.match(await differences(new PrismaPGlite(engine)), [expected])
  }
})
