import type { Section } from './mapping.ts'
import type { Progress } from './progress.ts'
import { book, type Report } from './report.ts'
import { type SourceBlock, selectBlocks } from './source/blocks.ts'
import { type SourceConversation, selectConversations } from './source/conversations.ts'
import { type SourceMessage, selectMessages } from './source/messages.ts'
import { type SourcePerson, selectHighestKey, selectPeople } from './source/people.ts'
import type { Plan } from './source/plan.ts'
import type { Source } from './source/source.ts'
import { bringBlocks } from './steps/blocks.ts'
import { bringConversations } from './steps/conversations.ts'
import { messageStep } from './steps/messages.ts'
import { bringPeople } from './steps/people.ts'
import { HIGHEST_KEPT_ID } from './steps/person.ts'
import type { Step } from './steps/step.ts'
import { keepIdsFree } from './target/people.ts'

/** What an import works with. */
export interface ImportOptions {
  readonly source: Source
  readonly plan: Plan
  /** Migrated. */
  readonly database: Step['database']
  /** Under which is remembered what came from this source. */
  readonly name: string
  /** Rows in a batch, which is one transaction: 4,000 at most, fewer than `new_id()` gives in a millisecond. */
  readonly batch: number
  /** What takes longer is not committed. */
  readonly longestBatchMs: number
  /** Does everything and undoes it at the end. */
  readonly dryRun: boolean
  readonly progress: Progress
  /** Ends it after the batch under way. */
  readonly signal: AbortSignal
}

/**
 * Brings over all that is in the source and not here yet, each batch in a transaction of its own, and reports. Interrupted or killed at any
 * moment, a second run goes on.
 * @throws AnotherSource when what came under this name came from another database, or BatchTooLong.
 */
export async function runImport(options: ImportOptions): Promise<Report> {
  return options.dryRun ? rehearse(options) : bringAll(options)
}

/** Rolls a rehearsal back, and carries out what it found. */
class Undone extends Error {
  readonly report: Report

  constructor(report: Report) {
    super('a rehearsal is undone')
    this.report = report
  }
}

/** Between two batches the source may have to sort all messages. */
const PATIENT = 'SET LOCAL idle_in_transaction_session_timeout = 0'

/** All in one transaction, which is undone: what exists and would change stays locked until then. */
async function rehearse(options: ImportOptions): Promise<Report> {
  try {
    return await options.database.transaction(async on => {
      await on.script(PATIENT)
      const database: Step['database'] = { transaction: run => run(on) }
      throw new Undone(await bringAll({ ...options, database }))
    })
  } catch (error) {
    if (error instanceof Undone) return error.report
    throw error
  }
}

async function bringAll(options: ImportOptions): Promise<Report> {
  const { source, plan, database, name, longestBatchMs, dryRun } = options
  const step: Step = { source: name, database, longestBatchMs, totals: book() }
  const [highest] = await source.query<{ highest: number | null }>(selectHighestKey(plan, HIGHEST_KEPT_ID))
  await database.transaction(on => keepIdsFree(on, highest?.highest ?? 0))

  const parts: (() => Promise<boolean>)[] = [
    () => each<SourcePerson>(options, 'people', selectPeople(plan), rows => bringPeople(step, rows)),
    () => each<SourceBlock>(options, 'blocks', selectBlocks(plan), rows => bringBlocks(step, rows)),
    () =>
      each<SourceConversation>(options, 'conversations', selectConversations(plan), rows =>
        bringConversations(step, rows)
      ),
    () => each<SourceMessage>(options, 'messages', selectMessages(plan), messageStep(step))
  ]
  let complete = true
  for (const part of parts) complete = complete && (await part())
  return {
    source: name,
    dry_run: dryRun,
    complete,
    kinds: step.totals.tallies(),
    not_yet: await countOthers(source, plan)
  }
}

/** Does `work` with each batch of a query's rows. False when it was interrupted before the end. */
async function each<Row>(
  { source, plan, batch, progress, signal }: ImportOptions,
  section: Section & keyof Plan,
  query: string | null,
  work: (rows: readonly Row[]) => Promise<void>
): Promise<boolean> {
  const table = plan[section]
  if (query === null || table === null) return true
  progress.begin(section, await countRows(source, table.name))
  try {
    for await (const rows of source.batches<Row>(query, batch)) {
      if (signal.aborted) return false
      await work(rows)
      progress.advance(rows.length)
    }
    return true
  } finally {
    progress.end()
  }
}

async function countOthers(source: Source, plan: Plan): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const [what, table] of plan.notYet) counts[what] = await countRows(source, table)
  return counts
}

async function countRows(source: Source, table: string): Promise<number> {
  const [row] = await source.query<{ rows: string }>(`SELECT count(*) AS rows FROM ${table}`)
  return Number(row?.rows ?? 0)
}
