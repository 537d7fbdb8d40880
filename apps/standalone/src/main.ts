import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import {
  apiPlugin,
  apiServices,
  boundClosing,
  buildServer,
  databasePorts,
  disableUsers,
  passwordFailureRates,
  passwordService,
  publicOrigin,
  readiness,
  requestRates,
  securityLog,
  signingKeys,
  startWorker,
  trustedProxies
} from '@rendezvous/api'
import { memoryBus, memoryLimits, memoryPresence, memoryTickets, memoryWire } from '@rendezvous/cluster'
import { inProcess } from '@rendezvous/contract'
import { gatewayPlugin, gatewaySettings, systemTimers } from '@rendezvous/gateway'
import { forceExitAfter, runMain } from '@rendezvous/lifecycle'
import type { DatabaseLock } from '@rendezvous/locks'
import { openTokens } from '@rendezvous/tokens'
import { destination } from 'pino'
import { isPublic, readConfig, type StandaloneConfig } from './config.ts'
import { createDemoAccounts, DEMO_PASSWORD, type DemoPorts, demoNames, disableDemoAccounts } from './demo.ts'
import { bindPort } from './listen.ts'
import { openStorage, type Told } from './storage.ts'

const LEASE_MS = 10_000
/** Time that a shutdown may take after the sockets have closed. */
const CLOSING_MS = 5_000

type Log = ReturnType<typeof buildServer>['log']

process.umask(0o077) // whatever this process writes is for its own user alone
await runMain(shutdown => run(readConfig(process.env), shutdown))

/** Opens everything in order, serves until `shutdown` aborts, and closes in reverse. Long because it composes all. */
async function run(config: StandaloneConfig, shutdown: AbortSignal): Promise<void> {
  const server = buildServer({
    logger: { level: config.LOG_LEVEL, stream: destination(2) },
    headersTimeoutMs: config.HEADERS_TIMEOUT,
    requestTimeoutMs: config.REQUEST_TIMEOUT,
    ...(config.TRUST_PROXY === undefined ? {} : { trustProxy: trustedProxies(config.TRUST_PROXY) })
  })
  const warn = (error: unknown, what: string) => server.log.warn({ err: error }, `${what} failed`)

  const report = securityLog(server.log)
  const told: Told = { say, warn: (text, details = {}) => server.log.warn(details, text) }

  const port = await bindPort({ host: config.HOST, port: config.PORT })
  const storage = await openStorage(config, shutdown, told)
  const { database } = storage
  const health = readiness(database.database)
  const { wire, bus, presence, tickets, limits } = memoryCluster()
  const tokens = await openTokens(server, {
    keys: signingKeys(storage.secret, config.JWT_SECRET_PREVIOUS),
    issuer: config.JWT_ISSUER,
    audience: config.JWT_AUDIENCE,
    accessTtlMs: config.ACCESS_TOKEN_TTL,
    refreshTtlMs: config.REFRESH_TOKEN_TTL,
    clock: Date.now,
    newId: randomUUID
  })
  const ports = databasePorts(database, config.PRESENCE_AUDIENCE)
  const rates = requestRates(config)
  const passwords = passwordService({ oldCosts: ports.oldHashes.costs })
  const services = apiServices({
    ...ports,
    bus,
    presence,
    tokens,
    passwords,
    peopleList: config.PEOPLE_LIST,
    limits,
    failureRates: passwordFailureRates(config),
    commandRates: rates,
    refreshTtlMs: config.REFRESH_TOKEN_TTL,
    auditRetentionMs: config.AUDIT_RETENTION,
    report,
    clock: Date.now,
    newId: randomUUID,
    warn
  })
  const demo = await settleDemoAccounts(config, told, {
    accounts: services.accounts,
    users: ports.users,
    verify: (hash, password) => passwords.verify(hash, password, { ip: '' }),
    disable: async ids => (await disableUsers(database.database, ids)).forEach(report)
  })

  await server.register(gatewayPlugin, {
    backend: inProcess(services.backend),
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
    lists: config.LISTS,
    publicOrigin: publicOrigin(config.PUBLIC_URL ?? '') ?? ''
  })
  boundClosing(server)
  await port.serve(server)
  const worker = startWorker({ ...services, tidy: database.tidy, warn })
  greet(port.url, demo)

  await untilStopped(shutdown, storage.lock, server.log)
  health.drain()
  forceExitAfter(config.DRAIN_TIME + config.CLOSE_TIMEOUT + CLOSING_MS)
  await Promise.all([server.close(), worker.stop()])
  await services.announcer.settle()
  await bus.close()
  await storage.close()
}

/** The parts of `@rendezvous/cluster` for a single process. `bus` is for the api; a gateway opens its own on `wire`. */
function memoryCluster() {
  const wire = memoryWire({ clock: Date.now })
  return {
    wire,
    bus: memoryBus(wire, { onMessage() {}, onInterruption() {} }),
    presence: memoryPresence(wire, { gatewayId: randomUUID(), leaseMs: LEASE_MS }),
    tickets: memoryTickets(wire),
    limits: memoryLimits(wire)
  }
}

/** Resolves when `shutdown` aborts. Also resolves, with exit code 1, when another process has the database lock. */
async function untilStopped(shutdown: AbortSignal, lock: DatabaseLock | null, log: Log): Promise<void> {
  if (!shutdown.aborted) await Promise.race([once(shutdown, 'abort'), ...(lock === null ? [] : [lock.lost])])
  if (shutdown.aborted) return
  log.fatal('another process locked the database while this process could not reach it: shutting down')
  process.exitCode = 1
}

/** Creates the demo accounts where only this machine can use them. Elsewhere disables those that have the published
 *  password. Answers whether to offer them. */
async function settleDemoAccounts(config: StandaloneConfig, told: Told, ports: DemoPorts): Promise<boolean> {
  if (config.NODE_ENV !== 'production' && !isPublic(config)) return createDemoAccounts(ports)
  const names = await disableDemoAccounts(ports)
  if (names.length === 0) return false
  const text = `Disabled the demo accounts ${names.join(', ')}: everybody knows their password`
  told.say(`${text}.`)
  told.warn(text, { names })
  return false
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function greet(url: string, demo: boolean): void {
  const lines = [`Rendezvous is ready on ${url}`, `  endpoints  ${url}/docs`]
  if (demo) lines.push(`  accounts   ${demoNames.join(', ')} (password: ${DEMO_PASSWORD})`)
  say(lines.join('\n'))
}
