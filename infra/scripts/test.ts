/** Runs the tests: starts the services that are installed on this machine, runs tap over all test files or over those in
 *  the arguments, and ends with the line `N passed, N failed`. CONTRIBUTING.md explains its use. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { findPostgres, placesOf, startPostgres } from './postgres.ts'
import { printer } from './printer.ts'
import { findRedis } from './redis.ts'
import { judge, readResults } from './results.ts'

interface Services {
  /** Environment variables for the tests. */
  env: NodeJS.ProcessEnv
  /** One text per missing service: the suites that do not run, and why. */
  missing: string[]
  stop(): Promise<void>
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const print = (line: string) => console.log(line)

const interrupt = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt.abort(signal))

const services = await startServices()
await findRedisPrograms(services)
try {
  const { tally, exitCode } = await runTap(process.argv.slice(2), services.env)
  const verdict = judge(tally, { exitCode, missing: services.missing, ci: process.env.CI === 'true' })
  for (const test of tally.skipped) print(`skipped: ${test}`)
  for (const service of services.missing) print(`not run: ${service}`)
  for (const reason of verdict.reasons) print(`failed: ${reason}`)
  await services.stop()
  print(verdict.line)
  process.exitCode = verdict.exitCode
} finally {
  await services.stop()
}

async function startServices(): Promise<Services> {
  if (process.env.TEST_DATABASE_URL) return { env: {}, missing: [], stop: async () => {} }

  try {
    const bin = await findPostgres(placesOf(process.env))
    if (bin === null)
      throw new Error(
        'PostgreSQL 15 or later not found. Install it (Debian: apt-get install postgresql) or set POSTGRES_BIN'
      )
    const { url, stop } = await startPostgres(bin)
    return { env: { TEST_DATABASE_URL: url }, missing: [], stop }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { env: {}, missing: [`PostgreSQL suites: ${why}`], stop: async () => {} }
  }
}

/** Tests start Redis servers themselves, so that each can break its own. They are told where the programs are. */
async function findRedisPrograms({ env, missing }: Services): Promise<void> {
  const bin = await findRedis(process.env)
  if (bin !== null) env.TEST_REDIS_BIN = bin
  else
    missing.push(
      'Redis suites: Redis 7 or later not found. Install it (Debian: apt-get install redis-server) or set REDIS_BIN'
    )
}

async function runTap(args: string[], env: NodeJS.ProcessEnv) {
  const { sink, tally } = readResults(printer(print))
  if (interrupt.signal.aborted) return { tally, exitCode: null }

  const tap = fileURLToPath(new URL('dist/esm/run.mjs', import.meta.resolve('tap/package.json')))
  const child = spawn(process.execPath, [tap, '--reporter=tap', ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    // Detached, so that a signal sent to this process alone can be sent on to the group of all test files.
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const passOn = () => child.pid && process.kill(-child.pid, interrupt.signal.reason)
  interrupt.signal.addEventListener('abort', passOn)
  child.stdout.pipe(sink)
  const [[exitCode]] = await Promise.all([once(child, 'close'), once(sink, 'complete')])
  interrupt.signal.removeEventListener('abort', passOn)
  return { tally, exitCode: typeof exitCode === 'number' ? exitCode : null }
}
