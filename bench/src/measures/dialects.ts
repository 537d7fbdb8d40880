import { setTimeout as pause } from 'node:timers/promises'
import { median } from 'simple-statistics'
import { findPostgres, type Places, type Postgres, startPostgres } from '../../../infra/scripts/postgres.ts'
import { prepareGroups } from '../groups.ts'
import type { Plan } from '../plan.ts'
import { type ServerTime, serverTime } from '../postgres.ts'
import type { Processes } from '../processes.ts'
import type { Remote } from '../remote.ts'
import type { Figure } from '../report.ts'
import type { SendServer } from '../roles/api.ts'
import type { Load } from '../roles/load.ts'
import type { Dialect, Readers } from '../roles/readers.ts'
import { SMALL } from '../room.ts'
import { figure, interleave } from '../rounds.ts'

const CONNECTS_A_SECOND = 500
/** Milliseconds for deliveries to be gathered, reported and announced after the last message. */
const AFTER_MS = 600

/** A node whose clients all speak one dialect, and the database that it alone uses. */
interface Party {
  readonly port: number
  readonly server: Remote<SendServer>
  readonly database: ServerTime
}

interface Parties extends Readonly<Record<Dialect, Party>> {
  readonly load: Remote<Load>
  readonly readers: Remote<Readers>
}

/** Messages to the rooms `from` to `to`. */
interface Case {
  readonly name: string
  readonly from: number
  readonly to: number
  readonly roomSize: number
  readonly perSecond: number
}

/** In microseconds a delivery. */
interface Cost {
  readonly node: number
  readonly postgres: number
}

/** CPU time of all roles (api, gateway, PostgreSQL) for each message that reached a client, from the send over HTTP to
 *  the last receipt. Compares clients of the legacy dialect, whose deliveries the gateway reports, with clients of
 *  `rendezvous.v1`. @throws Error when there is no PostgreSQL. */
export async function dialects(processes: Processes, plan: Plan, places: Places): Promise<Figure[]> {
  const bin = await findPostgres(places)
  if (bin === null) throw new Error('no PostgreSQL 15 or later was found (POSTGRES_BIN names its folder)')
  const databases: Postgres[] = []
  const { rooms: small, large, perSecond, largePerSecond } = plan.dialects
  const readers = await processes.start('readers', {})

  async function party(dialect: Dialect, folder: string): Promise<Party> {
    const started = await startPostgres(folder)
    databases.push(started)
    await prepareGroups(started.url, { small, large })
    const server = await processes.start('node', { databaseUrl: started.url })
    const port = await server.call('port')
    const count = small * SMALL + large
    await readers.call('connect', { port, from: 1, count, perSecond: CONNECTS_A_SECOND, dialect })
    return { port, server, database: await serverTime(started.url) }
  }

  try {
    const load = await processes.start('load', {})
    const parties = { load, readers, legacy: await party('legacy', bin), v1: await party('v1', bin) }
    const inSmall = { from: 1, to: small, roomSize: SMALL, perSecond }
    const inLarge = { from: small + 1, to: small + 1, roomSize: large, perSecond: largePerSecond }
    return [
      await compare(parties, { ...inSmall, name: `durable delivery in rooms of ${SMALL}, legacy clients` }, plan),
      await compare(parties, { ...inLarge, name: `durable delivery in a room of ${large}, legacy clients` }, plan)
    ]
  } finally {
    await processes.clear()
    await Promise.all(databases.map(database => database.stop()))
  }
}

async function compare(parties: Parties, each: Case, { dialects: plan }: Plan): Promise<Figure> {
  const costs: Record<Dialect, Cost[]> = { legacy: [], v1: [] }
  const measure = (dialect: Dialect) => async () => {
    const { node, postgres } = await cost(parties, parties[dialect], each, plan.ms)
    costs[dialect].push({ node, postgres })
    return node + postgres
  }
  const measured = await interleave(plan, measure('legacy'), measure('v1'))

  const middle = (dialect: Dialect, of: keyof Cost) =>
    median(costs[dialect].slice(-plan.rounds).map(found => found[of])).toFixed(1)
  const parts = (dialect: Dialect) => `${middle(dialect, 'node')} + ${middle(dialect, 'postgres')}`
  const { perSecond, roomSize, from, to, name } = each
  return figure(measured, {
    name,
    rate: `${perSecond} sends/s, ${perSecond * roomSize} deliveries/s to ${roomSize * (to - from + 1)} sockets`,
    unit: 'µs of CPU a delivery, all roles',
    versus: 'rendezvous.v1',
    kind: 'cost',
    detail: `node + PostgreSQL: legacy ${parts('legacy')}, rendezvous.v1 ${parts('v1')}`,
    aims: { ratio: 1.2 }
  })
}

/** @throws Error when a delivery is missing, since its cost would be missing too. */
async function cost(
  { load, readers }: Parties,
  { port, server, database }: Party,
  each: Case,
  ms: number
): Promise<Cost> {
  const { from, to, roomSize, perSecond } = each
  const sum = async () => ({ node: await server.call('cpuMicros'), postgres: await database.cpuMicros() })
  await readers.call('count', { port, messages: 0 })
  const before = await sum()
  const sends = Math.round((perSecond * ms) / 1000)
  await load.call('talk', { port, sends, perSecond, from, to })
  const messages = sends * roomSize
  const came = await readers.call('count', { port, messages })
  if (came !== messages) throw new Error(`of ${messages} deliveries ${came} came`)
  await pause(AFTER_MS)
  const after = await sum()
  return { node: (after.node - before.node) / messages, postgres: (after.postgres - before.postgres) / messages }
}
