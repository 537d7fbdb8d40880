import { readFile } from 'node:fs/promises'
import { migrate, type OpenDatabase, openDatabase } from '@rendezvous/api'
import type { Test } from 'tap'
import { createDatabase, needsServer, runSql } from '../../../infra/test/databases.ts'

/** A database that a Django project made; fixtures/README.md says how. */
export type Fixture = 'chat-matching' | 'gmessagerie'

export { createDatabase, needsServer, runSql }

/** Creates a database that holds a fixture. Answers its URL. */
export async function loadFixture(t: Test, fixture: Fixture): Promise<string> {
  const url = await createDatabase(t)
  await runSql(url, await readFile(new URL(`fixtures/${fixture}.sql`, import.meta.url), 'utf8'))
  return url
}

/** The engines that an import can write to. */
export const targets = ['PGlite', 'PostgreSQL'] as const
export type Target = (typeof targets)[number]

/** An empty, migrated database of the product, closed with the test. */
export async function openTarget(t: Test, target: Target): Promise<OpenDatabase> {
  const config =
    target === 'PGlite'
      ? ({ engine: 'pglite' } as const)
      : ({ engine: 'postgresql', url: await createDatabase(t) } as const)
  const open = await openDatabase(config)
  t.teardown(() => open.close())
  await migrate(open.database)
  return open
}

/** Runs `suite` once for each engine that an import can write to. */
export async function onEveryTarget(t: Test, suite: (t: Test, target: Target) => Promise<void>): Promise<void> {
  for (const target of targets) await t.test(`into ${target}`, needsServer(), t => suite(t, target))
}
