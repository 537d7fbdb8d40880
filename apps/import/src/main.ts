import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { migrate, openDatabase } from '@rendezvous/api'
import { ConfigError } from '@rendezvous/env'
import { databaseConfig } from '@rendezvous/standalone/config'
import { INTERRUPTED, interruption } from '@rendezvous/standalone/interruption'
import { FolderInUse, lockFolder } from '@rendezvous/standalone/lock'
import { type ImportConfig, readConfig, UsageError, usage } from './config.ts'
import { BadMapping, readMapping } from './mapping.ts'
import { progressBar } from './progress.ts'
import type { Report } from './report.ts'
import { runImport } from './run.ts'
import { shapes } from './shapes.ts'
import { BadNames, planOf } from './source/plan.ts'
import { openSource, SourceClosed } from './source/source.ts'
import { AnotherSource } from './steps/people.ts'
import { BatchTooLong } from './steps/step.ts'
import { tableOf } from './table.ts'

const FAILED = 1
const MISUSED = 2

if (existsSync('.env')) process.loadEnvFile() // what is set already wins

try {
  const config = readConfig(process.argv.slice(2), process.env)
  process.exitCode = config === null ? say(usage) : await run(config)
} catch (error) {
  process.exitCode = codeOf(error)
  process.stderr.write(`${textOf(error)}\n`)
}

/** Opens both databases, brings everything over, reports, and closes in reverse. Answers the exit code. */
async function run(config: ImportConfig): Promise<number> {
  const { target, name, batch, dryRun } = config
  const given = config.mapping === null ? {} : await readMapping(config.mapping)
  const signal = interruption()
  const closing: (() => Promise<void>)[] = []
  try {
    const source = await openSource(config.from)
    closing.unshift(source.close)
    const plan = await planOf(source, { ...shapes[config.shape], given })
    const lock = target.DATABASE_URL === undefined ? await lockFolder(target.DATA_DIR) : null
    closing.unshift(async () => lock?.release())
    const { database, longestWriteMs, close } = await openDatabase(databaseConfig(target, () => {}))
    closing.unshift(close)
    await migrate(database)
    const progress = progressBar(process.stderr)
    const longestBatchMs = longestWriteMs / 2 // the commit has its own time
    const options = { source, plan, database, name, batch, longestBatchMs, dryRun, progress, signal }
    return await tell(await runImport(options), config.report)
  } finally {
    for (const close of closing) await close()
  }
}

async function tell(report: Report, file: string | null): Promise<number> {
  if (file !== null) await writeFile(file, `${JSON.stringify(report, null, 2)}\n`)
  say(tableOf(report))
  return report.complete
    ? 0
    : say('\nInterrupted. What is told above is kept: run it again with the same arguments to go on.', INTERRUPTED)
}

function say(text: string, code = 0): number {
  process.stdout.write(`${text}\n`)
  return code
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return isExpected(error) ? error.message : (error.stack ?? error.message)
}

function codeOf(error: unknown): number {
  return isMisuse(error) ? MISUSED : FAILED
}

/** Whether whoever started it can mend it: it is no bug, and a sentence is enough. */
function isExpected(error: unknown): boolean {
  return isMisuse(error) || [FolderInUse, SourceClosed, AnotherSource, BatchTooLong].some(kind => error instanceof kind)
}

function isMisuse(error: unknown): boolean {
  return [UsageError, ConfigError, BadMapping, BadNames].some(kind => error instanceof kind)
}
