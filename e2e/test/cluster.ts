import { randomUUID } from 'node:crypto'
import {
  apiPlugin,
  apiServices,
  buildServer,
  databasePorts,
  type OpenDatabase,
  passwordService,
  readiness,
  signingKeys
} from '@rendezvous/api'
import {
  ClusterError,
  type Limits,
  localWhenUnreachable,
  type MemoryWire,
  memoryBus,
  memoryLimits,
  memoryPresence,
  memoryTickets,
  memoryWire
} from '@rendezvous/cluster'
import { inProcess } from '@rendezvous/contract'
import { defaultSettings, gatewayPlugin, systemTimers } from '@rendezvous/gateway'
import { openTokens, type Tokens } from '@rendezvous/tokens'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { ageChanges, openAny } from '../../apps/api/test/database/engines.ts'

const HOUR_MS = 3_600_000
const MINUTE_S = 60

/** Two api nodes and two gateways, each with its own server. Gateway n uses api n. They share a database, a memory
 *  wire and a signing key. */
export interface Nodes {
  readonly apis: readonly [string, string]
  readonly gateways: readonly [string, string]
  /** The transport between the nodes. It names them `api-0`, `api-1`, `gateway-0` and `gateway-1`. */
  readonly wire: MemoryWire
  /** Adds or removes a block of `blocked` by `blocker` in the database. */
  block(blocker: number, blocked: number, isBlocked: boolean): Promise<void>
  /** Does `work` while the nodes are partitioned. Resolves when they are connected again. */
  partitioned<T>(work: () => Promise<T>): Promise<T>
  /** Publishes every committed event that was not published, however recent, as the sweep of the first api does. */
  sweep(): Promise<void>
  /** Makes all changes so far older than the overlap of sync. */
  age(): Promise<void>
  /** Creates `count` users who never sign in, and answers their ids. */
  populate(count: number): Promise<number[]>
}

/** Starts the nodes on a new database, and stops them with the test. */
export async function startNodes(t: Test): Promise<Nodes> {
  const database = await openAny()
  const wire = memoryWire({ clock: Date.now })
  const closing: (() => Promise<unknown>)[] = [() => database.close()]
  t.teardown(async () => {
    for (const close of closing.reverse()) await close()
  })

  const pair = async (n: number) => {
    const { services, url } = await startApi(n, database, wire, closing)
    return [url, await startGateway(n, inProcess(services.backend), wire, closing), services] as const
  }
  const [first, second] = [await pair(0), await pair(1)]
  const block = async (blocker: number, blocked: number, isBlocked: boolean) => {
    const [name, text] = isBlocked
      ? ['test_block', 'INSERT INTO block (blocker_id, blocked_id) VALUES ($1, $2)']
      : ['test_unblock', 'DELETE FROM block WHERE blocker_id = $1 AND blocked_id = $2']
    await database.database.query({ name, text }, [blocker, blocked])
  }
  const partitioned: Nodes['partitioned'] = async work => {
    wire.goDown()
    try {
      const done = await work()
      await Promise.all([first[2].announcer.settle(), second[2].announcer.settle()])
      return done
    } finally {
      wire.comeUp()
    }
  }
  const sweep = async () => {
    const text = `UPDATE outbox SET created_at = created_at - interval '1 minute'`
    await database.database.query({ name: 'test_age_outbox', text })
    await first[2].sweeper.sweep()
  }
  const populate = async (count: number) => {
    const text =
      "INSERT INTO person (username, password_hash) SELECT gen_random_uuid(), '!' FROM generate_series(1, $1::int) RETURNING id"
    const rows = await database.database.query<{ id: number }>({ name: 'test_populate', text }, [count])
    return rows.map(({ id }) => id)
  }
  const age = () => ageChanges(database.database, MINUTE_S)
  return {
    apis: [first[0], second[0]],
    gateways: [first[1], second[1]],
    wire,
    block,
    partitioned,
    sweep,
    age,
    populate
  }
}

async function startApi(n: number, database: OpenDatabase, wire: MemoryWire, closing: (() => Promise<unknown>)[]) {
  const server = buildServer()
  const bus = memoryBus(wire, { onMessage() {}, onInterruption() {} }, { node: `api-${n}` })
  const limits = limitsOf(wire)
  const ports = databasePorts(database)
  const services = apiServices({
    ...ports,
    bus,
    presence: memoryPresence(wire, { gatewayId: `api-${n}`, leaseMs: HOUR_MS }),
    tokens: await tokensOf(server),
    passwords: passwordService({ oldCosts: ports.oldHashes.costs }),
    limits,
    peopleList: 'emails',
    refreshTtlMs: HOUR_MS,
    clock: Date.now,
    newId: randomUUID,
    warn: error => {
      if (!(error instanceof ClusterError)) throw error // expected while the nodes are partitioned
    }
  })
  await server.register(apiPlugin, {
    services,
    tickets: memoryTickets(wire),
    limits,
    ready: readiness(database.database).ready,
    clock: Date.now,
    corsOrigins: ['*'],
    lists: 'array'
  })
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  closing.push(async () => {
    await server.close()
    await services.announcer.settle()
    await bus.close()
  })
  return { services, url }
}

async function startGateway(
  n: number,
  backend: Parameters<typeof gatewayPlugin>[1]['backend'],
  wire: MemoryWire,
  closing: (() => Promise<unknown>)[]
): Promise<string> {
  const server = buildServer()
  await server.register(gatewayPlugin, {
    backend,
    openBus: listener => memoryBus(wire, listener, { node: `gateway-${n}` }),
    presence: memoryPresence(wire, { gatewayId: `gateway-${n}`, leaseMs: HOUR_MS }),
    tickets: memoryTickets(wire),
    limits: limitsOf(wire),
    tokens: await tokensOf(server),
    settings: { ...defaultSettings, drainMs: 0, reconnectSpreadMs: 0 },
    timers: systemTimers,
    random: () => 0
  })
  closing.push(() => server.close())
  return server.listen({ host: '127.0.0.1', port: 0 })
}

/** Limits as in a cluster: a node counts on its own while the shared store is unreachable. */
function limitsOf(wire: MemoryWire): Limits {
  return localWhenUnreachable(memoryLimits(wire), memoryLimits(memoryWire({ clock: Date.now })), Date.now)
}

function tokensOf(server: FastifyInstance): Promise<Tokens> {
  return openTokens(server, {
    keys: signingKeys('one secret that all the nodes of this test share'),
    issuer: 'rendezvous',
    audience: 'rendezvous',
    accessTtlMs: HOUR_MS,
    refreshTtlMs: HOUR_MS,
    clock: Date.now,
    newId: randomUUID
  })
}
