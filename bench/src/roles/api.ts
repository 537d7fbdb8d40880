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

/** The database, filled by `prepareConversations` or `prepareGroups`. */
export interface DatabaseSettings {
  readonly databaseUrl: string
}

/** A server that stores messages. */
export interface SendServer {
  port(): number
  usage(): Usage
  /** As in `Usage`, without collecting garbage. */
  cpuMicros(): number
}

/** The api as it ships, on PostgreSQL and a memory bus. */
export async function openApi(settings: DatabaseSettings): Promise<SendServer> {
  return (await buildApi(settings)).listen()
}

/** The api before it listens, with the parts that a gateway in the same process shares with it. */
export async function buildApi({ databaseUrl }: DatabaseSettings) {
  const database = await openDatabase({ engine: 'postgresql', url: databaseUrl })
  const server = buildServer()
  const wire = memoryWire({ clock: Date.now })
  const limits = memoryLimits(wire)
  const presence = memoryPresence(wire, { gatewayId: randomUUID(), leaseMs: DAY_MS })
  const tickets = memoryTickets(wire)
  const tokens = await benchTokens(server)
  const services = apiServices({
    ...databasePorts(database),
    limits,
    bus: memoryBus(wire, { onMessage() {}, onInterruption() {} }),
    presence,
    tokens,
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
    tickets,
    ready: readiness(database.database).ready,
    clock: Date.now,
    corsOrigins: ['*'],
    lists: 'array'
  })
  async function listen(): Promise<SendServer> {
    const url = await server.listen({ host: '127.0.0.1', port: 0 })
    return { port: (): number => Number(new URL(url).port), usage, cpuMicros }
  }
  return { server, backend: services.backend, wire, presence, tickets, limits, tokens, listen }
}
