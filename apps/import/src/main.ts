import { writeFile } from 'node:fs/promises'
import { databaseConfig, migrate, openDatabase } from '@rendezvous/api'
import { ConfigError } from '@rendezvous/env'
import { databaseFailure, failureText, INTERRUPTED, loadEnvFile, shutdownSignal } from '@rendezvous/lifecycle'
import { lockFolder } from '@rendezvous/locks'
import { type ImportConfig, readConfig, UsageError, usage } from './config.ts'
import { InvalidMapping, readMapping } from './mapping.ts'
import { progressBar } from './progress.ts'
import type { Report } from './report.ts'
import { runImport } from './run.ts'
import { shapes } from './shapes.ts'
import { planOf, UnknownNames } from './source/plan.ts'
import { openSource } from './source/source.ts'
import { tableOf } from './table.ts'

const FAILED = 1
const MISUSED = 2

loadEnvFile()
try {
  const config = readConfig(process.argv.slice(2), process.env)
  process.exitCode = config === null ? print(usage) : await run(config)
} catch (error) {
  process.exitCode = isMisuse(error) ? MISUSED : FAILED
  process.stderr.write(`${failureText(error) ?? stackOf(error)}\n`)
}

/** Opens both databases, imports everything, prints the report, and closes in reverse. Answers the exit code. */
async function run(config: ImportConfig): Promise<number> {
  const { target, name, batch, dryRun } = config
  const given = config.mapping === null ? {} : await readMapping(config.mapping)
  const signal = shutdownSignal()
  const closing: (() => Promise<void>)[] = []
  try {
    const source = await openSource(config.from)
    closing.unshift(source.close)
    const plan = await planOf(source, { ...shapes[config.shape], given })
    const lock = target.DATABASE_URL === undefined ? await lockFolder(target.DATA_DIR) : null
    closing.unshift(async () => lock?.release())
    if (lock !== null && lock.notice !== null) process.stderr.write(`${lock.notice}\n`)
    const { database, longestWriteMs, close } = await openDatabase(databaseConfig(target, () => {}))
    closing.unshift(close)
    await migrate(database).catch(error => Promise.reject(databaseFailure(error, target.DATABASE_URL ?? '') ?? error))
    const progress = progressBar(process.stderr)
    const longestBatchMs = longestWriteMs / 2 // the other half is for the commit
    const options = { source, plan, database, name, batch, longestBatchMs, dryRun, progress, signal }
    return await publish(await runImport(options), config.report)
  } finally {
    for (const close of closing) await close()
  }
}

/** Writes the report to `file`, prints it, and answers the exit code. */
async function publish(report: Report, file: string | null): Promise<number> {
  if (file !== null) await writeFile(file, `${JSON.stringify(report, null, 2)}\n`)
  print(tableOf(report))
  return report.complete
    ? 0
    : print(
        '\nInterrupted. What the report counts is kept: run it again with the same arguments to go on.',
        INTERRUPTED
      )
}

function print(text: string, code = 0): number {
  process.stdout.write(`${text}\n`)
  return code
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** Whether the arguments, the environment, the mapping file or the names in it are wrong. */
function isMisuse(error: unknown): boolean {
  return [UsageError, ConfigError, InvalidMapping, UnknownNames].some(kind => error instanceof kind)
}
