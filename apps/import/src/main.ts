import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { type DatabaseConfig, migrate, openDatabase } from '@rendezvous/api'
import { ConfigError } from '@rendezvous/env'
import { databaseConfig } from '@rendezvous/standalone/config'
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
import { tableOf } from './table.ts'

const FAILED = 1
const MISUSED = 2
const INTERRUPTED = 130
/** A batch may have to wait for those who use the product meanwhile. */
const STATEMENT_TIMEOUT_MS = 60_000

if (existsSync('.env')) process.loadEnvFile() // what is set already wins

try {
  const config = readConfig(process.argv.slice(2), process.env)
  process.exitCode = config === null ? say(usage) : await run(config)
} catch (error) {
  const code = codeOf(error)
  if (code === 0) throw error
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(code)
}

/** Opens both databases, brings everything over, reports, and closes in reverse. Answers the exit code. */
async function run(config: ImportConfig): Promise<number> {
  const { target } = config
  const given = config.mapping === null ? {} : await readMapping(config.mapping)
  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort()) // a second one ends it at once
  const source = await openSource(config.from)
  const plan = await planOf(source, { ...shapes[config.shape], given })
  const lock = target.DATABASE_URL === undefined ? await lockFolder(target.DATA_DIR) : null
  const open = await openDatabase(patient(databaseConfig(target, () => {})))
  try {
    await migrate(open.database)
    const { name, batch, dryRun } = config
    const progress = progressBar(process.stderr)
    const options = { source, plan, database: open.database, name, batch, dryRun, progress, signal: interrupt.signal }
    return await tell(await runImport(options), config.report)
  } finally {
    await open.close()
    await lock?.release()
    await source.close()
  }
}

function patient(config: DatabaseConfig): DatabaseConfig {
  return config.engine === 'pglite' ? config : { ...config, statementTimeoutMs: STATEMENT_TIMEOUT_MS }
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

/** The exit code of what whoever started it can mend; 0 for a bug. */
function codeOf(error: unknown): number {
  const isMisuse = [UsageError, ConfigError, BadMapping, BadNames].some(kind => error instanceof kind)
  if (isMisuse) return MISUSED
  return [FolderInUse, SourceClosed, AnotherSource].some(kind => error instanceof kind) ? FAILED : 0
}
