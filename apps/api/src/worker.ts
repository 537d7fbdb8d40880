import type { Warn } from './announce/outbox/announcer.ts'
import type { Sweeper } from './announce/outbox/sweeper.ts'
import type { AuditService } from './audit/service.ts'
import type { Reindexer } from './chat/words/reindexer.ts'
import type { NameService } from './people/names/service.ts'
import type { PeopleSearchService } from './people/search/service.ts'
import type { SessionService } from './people/sessions/service.ts'
import { every } from './ticker.ts'

const SWEEP_MS = 1_000
const RESERVE_MS = 1_000
const REINDEX_MS = 1_000
const TIDY_MS = 3_600_000

/** The tasks of the worker. */
export interface WorkerDeps {
  readonly sweeper: Sweeper
  readonly reindexer: Reindexer
  readonly sessions: Pick<SessionService, 'purge'>
  readonly audit: Pick<AuditService, 'purge'>
  readonly names: NameService
  readonly peopleSearch: Pick<PeopleSearchService, 'index'>
  /** Maintenance that the database does not do by itself. */
  readonly tidy: () => Promise<void>
  readonly warn: Warn
}

/** A running worker. */
export interface Worker {
  /** Starts no further task. Resolves when the current tasks have ended. */
  stop(): Promise<void>
}

/** Starts the worker role: tasks off the request path. Every second it sweeps the outbox, reserves the keys of names,
 *  makes the keys of searches for people, and the words of messages that have none. Every hour it purges sessions and the audit, and tidies the database. Several workers
 *  may run on one database. A failed task calls `warn` and runs again at its next time. */
export function startWorker({
  sweeper,
  reindexer,
  sessions,
  audit,
  names,
  peopleSearch,
  tidy,
  warn
}: WorkerDeps): Worker {
  const upkeep = async () => {
    await sessions.purge().catch(error => warn(error, 'purging sessions'))
    await audit.purge().catch(error => warn(error, 'purging the audit'))
    await tidy().catch(error => warn(error, 'tidying the database'))
  }
  const reserve = () => names.reserve().catch(error => warn(error, 'reserving the keys of names'))
  const reindex = () => reindexer.run().catch(error => warn(error, 'making the words of stored messages'))
  const index = () => peopleSearch.index().catch(error => warn(error, 'making the keys of searches for people'))
  const tickers = [
    every(SWEEP_MS, sweeper.sweep),
    every(RESERVE_MS, reserve),
    every(REINDEX_MS, reindex),
    every(REINDEX_MS, index),
    every(TIDY_MS, upkeep)
  ]
  return {
    async stop() {
      await Promise.all(tickers.map(ticker => ticker.stop()))
    }
  }
}
