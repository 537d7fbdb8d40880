import type { Section } from './mapping.ts'
import type { Progress } from './progress.ts'
import { newTotals, type Report } from './report.ts'
import { type SourceBlock, selectBlocks } from './source/blocks.ts'
import { type SourceConversation, selectConversations } from './source/conversations.ts'
import { type SourceMessage, selectMessages } from './source/messages.ts'
import { type SourcePerson, selectHighestKey, selectPeople } from './source/people.ts'
import type { Plan } from './source/plan.ts'
import type { Source } from './source/source.ts'
import { importBlocks } from './steps/blocks.ts'
import { importConversations } from './steps/conversations.ts'
import { messageStep } from './steps/messages.ts'
import { importPeople } from './steps/people.ts'
import { HIGHEST_KEPT_ID } from './steps/person.ts'
import type { Step } from './steps/step.ts'
import { keepIdsFree } from './target/people.ts'

/** What `runImport` needs. */
export interface ImportOptions {
  readonly source: Source
  readonly plan: Plan
  /** The database to import into; it is migrated already. */
  readonly database: Step['database']
  /** The name under which rows of this source are recorded. */
  readonly name: string
  /** Rows in a batch, which is one transaction; at most 4,000. `new_id()` makes more ids than that in a millisecond. */
  readonly batch: number
  /** A batch that takes longer is not committed. */
  readonly longestBatchMs: number
  /** Whether everything is undone at the end. */
  readonly dryRun: boolean
  readonly progress: Progress
  /** Ends the import after the current batch. */
  readonly signal: AbortSignal
}

/**
 * Imports everything that the source has and earlier runs did not import, each batch in a transaction of its own.
 * After an interruption or a kill at any moment, a second run goes on.
 * @throws WrongSource when rows of another database are recorded under `name`
 * @throws BatchTooLong
 */
export async function runImport(options: ImportOptions): Promise<Report> {
  return options.dryRun ? runDry(options) : importAll(options)
}

/** Thrown to roll a dry run back; it carries the report. */
class DryRunDone extends Error {
  readonly report: Report

  constructor(report: Report) {
    super('a dry run is rolled back')
    this.report = report
  }
}

/** Between two batches the source may have to sort all messages, which takes longer than the usual timeout. */
const NO_IDLE_TIMEOUT = 'SET LOCAL idle_in_transaction_session_timeout = 0'

/** Imports in one transaction and rolls it back. Until then it locks every existing row that it would change. */
async function runDry(options: ImportOptions): Promise<Report> {
  try {
    return await options.database.transaction(async on => {
      await on.script(NO_IDLE_TIMEOUT)
      const database: Step['database'] = { transaction: run => run(on) }
      throw new DryRunDone(await importAll({ ...options, database }))
    })
  } catch (error) {
    if (error instanceof DryRunDone) return error.report
    throw error
  }
}

async function importAll(options: ImportOptions): Promise<Report> {
  const { source, plan, database, name, longestBatchMs, dryRun } = options
  const step: Step = { source: name, database, longestBatchMs, totals: newTotals() }
  const [highest] = await source.query<{ highest: number | null }>(selectHighestKey(plan, HIGHEST_KEPT_ID))
  await database.transaction(on => keepIdsFree(on, highest?.highest ?? 0))

  const parts: (() => Promise<boolean>)[] = [
    () => each<SourcePerson>(options, 'people', selectPeople(plan), rows => importPeople(step, rows)),
    () => each<SourceBlock>(options, 'blocks', selectBlocks(plan), rows => importBlocks(step, rows)),
    () =>
      each<SourceConversation>(options, 'conversations', selectConversations(plan), rows =>
        importConversations(step, rows)
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

/** Calls `work` with each batch of a query's rows. Answers false when it was interrupted before the end. */
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
