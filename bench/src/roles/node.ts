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
import { defaultSettings, gatewayPlugin, systemTimers } from '@rendezvous/gateway'
import { cpuMicros, usage } from '../usage.ts'
import { benchTokens } from './access.ts'
import type { DatabaseSettings, SendServer } from './api.ts'

const LEASE_MS = 10_000

/** Api and gateway as they ship, in one process on PostgreSQL and the memory bus. */
export async function openNode({ databaseUrl }: DatabaseSettings): Promise<SendServer> {
  const database = await openDatabase({ engine: 'postgresql', url: databaseUrl })
  const server = buildServer()
  const wire = memoryWire({ clock: Date.now })
  const shared = {
    tokens: await benchTokens(server),
    limits: memoryLimits(wire),
    presence: memoryPresence(wire, { gatewayId: randomUUID(), leaseMs: LEASE_MS })
  }
  const tickets = memoryTickets(wire)
  const services = apiServices({
    ...databasePorts(database),
    ...shared,
    bus: memoryBus(wire, { onMessage() {}, onInterruption() {} }),
    passwords: passwordService(),
    refreshTtlMs: 86_400_000,
    clock: Date.now,
    newId: randomUUID,
    warn: error => {
      throw error
    }
  })
  await server.register(gatewayPlugin, {
    ...shared,
    backend: services.backend,
    openBus: listener => memoryBus(wire, listener),
    tickets,
    settings: defaultSettings,
    timers: systemTimers,
    random: Math.random
  })
  await server.register(apiPlugin, {
    services,
    tickets,
    limits: shared.limits,
    ready: readiness(database.database).ready,
    clock: Date.now,
    corsOrigins: ['*'],
    lists: 'array'
  })
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  return { port: (): number => Number(new URL(url).port), usage, cpuMicros }
}
