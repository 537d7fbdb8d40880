import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import {
  apiPlugin,
  apiServices,
  boundClosing,
  buildServer,
  DatabaseInUse,
  databasePorts,
  lockDatabase,
  migrate,
  openDatabase,
  passwordFailureRates,
  passwordService,
  readiness,
  requestRates,
  signingKeys
} from '@rendezvous/api'
import { memoryBus, memoryLimits, memoryPresence, memoryTickets, memoryWire } from '@rendezvous/cluster'
import { ConfigError } from '@rendezvous/env'
import { gatewayPlugin, gatewaySettings, systemTimers } from '@rendezvous/gateway'
import { openTokens } from '@rendezvous/tokens'
import { destination } from 'pino'
import { databaseConfig, keptSecret, readConfig, type StandaloneConfig } from './config.ts'
import { DEMO_PASSWORD, demoNames, offerDemoPeople } from './demo.ts'
import { interruption } from './interruption.ts'
import { FolderInUse, lockFolder } from './lock.ts'
import { every } from './ticker.ts'

const SWEEP_MS = 1_000
const TIDY_MS = 3_600_000
const LEASE_MS = 10_000
/** For what ends after the sockets have. */
const ENDING_MS = 5_000

if (existsSync('.env')) process.loadEnvFile() // what is set already wins

const interrupted = interruption()
try {
  await run(readConfig(process.env))
} catch (error) {
  const reason = expected(error)
  if (reason === null) throw error
  process.stderr.write(`${reason}\n`)
  process.exit(1)
}

/** Opens everything in order, serves until a signal comes, and closes in reverse. Long because it is read from top to bottom. */
async function run(config: StandaloneConfig): Promise<void> {
  const server = buildServer({
    logger: { level: config.LOG_LEVEL, stream: destination(2) },
    headersTimeoutMs: config.HEADERS_TIMEOUT,
    requestTimeoutMs: config.REQUEST_TIMEOUT,
    ...(config.TRUST_PROXY === undefined ? {} : { trustProxy: config.TRUST_PROXY })
  })
  const warn = (error: unknown, what: string) => server.log.warn({ err: error }, `${what} failed`)

  const lock =
    config.DATABASE_URL === undefined
      ? null
      : await lockDatabase({
          url: config.DATABASE_URL,
          patienceMs: config.DATABASE_LOCK_WAIT,
          signal: interrupted,
          warn: what => server.log.warn(what)
        })
  const folder = await lockFolder(config.DATA_DIR)
  const secret = config.JWT_SECRET ?? (await keptSecret(config.DATA_DIR))
  const database = await openDatabase(databaseConfig(config, error => warn(error, 'an idle database connection')))
  await migrate(database.database)
  const health = readiness(database.database)

  const wire = memoryWire({ clock: Date.now })
  const presence = memoryPresence(wire, { gatewayId: randomUUID(), leaseMs: LEASE_MS })
  const tickets = memoryTickets(wire)
  const limits = memoryLimits(wire)
  const bus = memoryBus(wire, { onMessage() {}, onInterruption() {} })
  const tokens = await openTokens(server, {
    keys: signingKeys(secret, config.JWT_SECRET_PREVIOUS),
    issuer: config.JWT_ISSUER,
    audience: config.JWT_AUDIENCE,
    accessTtlMs: config.ACCESS_TOKEN_TTL,
    refreshTtlMs: config.REFRESH_TOKEN_TTL,
    clock: Date.now,
    newId: randomUUID
  })
  const ports = databasePorts(database, config.PRESENCE_AUDIENCE)
  const rates = requestRates(config)
  const services = apiServices({
    ...ports,
    bus,
    presence,
    tokens,
    passwords: passwordService({ oldCosts: ports.oldHashes.costs }),
    limits,
    failureRates: passwordFailureRates(config),
    commandRates: rates,
    refreshTtlMs: config.REFRESH_TOKEN_TTL,
    clock: Date.now,
    newId: randomUUID,
    warn
  })
  const demo = config.NODE_ENV !== 'production' && (await offerDemoPeople(services.accounts, ports.users))

  await server.register(gatewayPlugin, {
    backend: services.backend,
    openBus: listener => memoryBus(wire, listener),
    presence,
    tickets,
    limits,
    tokens,
    settings: gatewaySettings(config),
    timers: systemTimers,
    random: Math.random
  })
  await server.register(apiPlugin, {
    services,
    tickets,
    limits,
    requestRates: rates,
    ready: health.ready,
    clock: Date.now,
    corsOrigins: config.CORS_ORIGINS,
    lists: config.LISTS
  })
  boundClosing(server)
  const tidyUp = async () => {
    await services.sessions.purge().catch(error => warn(error, 'purging sessions'))
    await database.tidy().catch(error => warn(error, 'tidying the database'))
  }
  const url = await server.listen({ host: config.HOST, port: config.PORT })
  const tickers = [every(SWEEP_MS, services.sweeper.sweep), every(TIDY_MS, tidyUp)]
  greet(url, demo)

  if (!interrupted.aborted) await Promise.race([once(interrupted, 'abort'), ...(lock === null ? [] : [lock.lost])])
  if (!interrupted.aborted) {
    server.log.fatal('another process took over the database while this one could not reach it: ending')
    process.exitCode = 1
  }
  health.drain()
  lastResort(config.DRAIN_TIME + config.CLOSE_TIMEOUT + ENDING_MS)
  await Promise.all([server.close(), ...tickers.map(ticker => ticker.stop())])
  await services.announcer.settle()
  await bus.close()
  await database.close()
  await folder.release()
  await lock?.release()
}

/** Ends the process after `ms`, whatever it still waits for: a database that is gone, say. Nothing durable is lost by it. */
function lastResort(ms: number): void {
  setTimeout(() => {
    process.stderr.write('Something did not end in time. It is cut off.\n')
    process.exit(1)
  }, ms).unref()
}

/** What to tell who started it, when he can mend it; null for a bug. */
function expected(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  if ([ConfigError, FolderInUse, DatabaseInUse].some(kind => error instanceof kind)) return error.message
  if (interrupted.aborted && error.name === 'AbortError') return 'Interrupted before it was ready.'
  const isTaken = 'code' in error && error.code === 'EADDRINUSE'
  return isTaken ? 'The port is taken by another process. Stop that one first, or set PORT.' : null
}

function greet(url: string, demo: boolean): void {
  const lines = [`Rendezvous is ready on ${url}`, `  endpoints  ${url}/docs`]
  if (demo) lines.push(`  accounts   ${demoNames.join(', ')} (password: ${DEMO_PASSWORD})`)
  process.stdout.write(`${lines.join('\n')}\n`)
}
