import type { Bus } from '@rendezvous/cluster'
import { outboxIn } from '../../src/announce/outbox/adapter.ts'
import type { StreamSource } from '../../src/announce/outbox/port.ts'
import { type Sweeper, sweeper } from '../../src/announce/outbox/sweeper.ts'
import { personalStreamsIn } from '../../src/announce/personal/adapter.ts'
import { personalSource } from '../../src/announce/personal/source.ts'
import { changesIn } from '../../src/chat/changes/adapter.ts'
import { conversationSource } from '../../src/chat/changes/source.ts'
import type { Database } from '../../src/database/port.ts'

const AGE = {
  name: 'test_age_outbox',
  text: `UPDATE outbox SET created_at = created_at - interval '3 seconds', claimed_until = claimed_until - interval '1 minute'`
}

/** Makes every row of the outbox old enough for a sweep, and ends its lease. */
export async function ageOutbox(database: Database): Promise<void> {
  await database.query(AGE)
}

/** The sources of both kinds of streams, without what follows from them. */
export function sourcesOver(database: Database): StreamSource[] {
  return [conversationSource(changesIn(database), () => {}), personalSource(personalStreamsIn(database), [])]
}

/** A sweeper over the database. Its warnings are thrown away. */
export function sweeperOver(database: Database, publish: Bus['publish']): Sweeper {
  const sources = sourcesOver(database)
  return sweeper({ outbox: outboxIn(database), sources, bus: { publish }, warn() {}, refreshTtlMs: 3_600_000 })
}
