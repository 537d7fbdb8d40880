import { randomUUID } from 'node:crypto'
import {
  apiPlugin,
  apiServices,
  buildServer,
  databasePorts,
  openDatabase,
  passwordService,
  readiness
} from '@rendezvous/api'
import { memoryBus, memoryLimits, memoryPresence, memoryTickets, memoryWire } from '@rendezvous/cluster'
import { cpuMicros, type Usage, usage } from '../usage.ts'
import { benchTokens } from './access.ts'

const DAY_MS = 86_400_000

/** Which database, prepared by `prepare`. */
export interface DatabaseSettings {
  readonly databaseUrl: string
}

/** A server that stores what it is sent. */
export interface SendServer {
  port(): number
  usage(): Usage
  /** As of `Usage`, at once. */
  cpuMicros(): number
}

/** The api as it ships, on PostgreSQL and the memory bus of its own process. */
export async function openApi({ databaseUrl }: DatabaseSettings): Promise<SendServer> {
  const database = await openDatabase({ engine: 'postgresql', url: databaseUrl })
  const server = buildServer()
  const wire = memoryWire({ clock: Date.now })
  const limits = memoryLimits(wire)
  const services = apiServices({
    ...databasePorts(database),
    limits,
    bus: memoryBus(wire, { onMessage() {}, onInterruption() {} }),
    presence: memoryPresence(wire, { gatewayId: randomUUID(), leaseMs: DAY_MS }),
    tokens: await benchTokens(server),
    passwords: passwordService(),
    refreshTtlMs: DAY_MS,
    clock: Date.now,
    newId: randomUUID,
    warn: error => {
      throw error
    }
  })
  await server.register(apiPlugin, {
    services,
    limits,
    tickets: memoryTickets(wire),
    ready: readiness(database.database).ready,
    clock: Date.now,
    corsOrigins: ['*'],
    lists: 'array'
  })
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  return { port: (): number => Number(new URL(url).port), usage, cpuMicros }
}
