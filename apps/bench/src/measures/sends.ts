import { setTimeout as pause } from 'node:timers/promises'
import { median } from 'simple-statistics'
import { findPostgres, type Places, startPostgres } from '../../../../infra/scripts/postgres.ts'
import type { Plan } from '../plan.ts'
import { type ServerTime, serverTime } from '../postgres.ts'
import type { Remote } from '../remote.ts'
import type { Figure } from '../report.ts'
import type { SendServer } from '../roles/api.ts'
import type { Load, Struck } from '../roles/load.ts'
import { figure, interleave } from '../rounds.ts'
import type { Stage } from '../stage.ts'
import { prepare, type Town } from '../town.ts'

/** How long what is done after an answer may take. */
const AFTER_MS = 200

interface Parties {
  readonly load: Remote<Load>
  readonly ours: Remote<SendServer>
  readonly naive: Remote<SendServer>
  readonly database: ServerTime
}

/** CPU of all roles for each message that was stored, over HTTP with a token each. @throws Error when there is no PostgreSQL to do it on. */
export async function sends(stage: Stage, { rounds, sends: plan }: Plan, places: Places): Promise<Figure[]> {
  const bin = await findPostgres(places)
  if (bin === null) throw new Error('no PostgreSQL 15 or later was found (POSTGRES_BIN names its folder)')
  const server = await startPostgres(bin)
  try {
    const town = await prepare(server.url, plan.conversations)
    const parties = {
      load: await stage.start('load', {}),
      ours: await stage.start('api', { databaseUrl: server.url }),
      naive: await stage.start('naive', { databaseUrl: server.url }),
      database: await serverTime(server.url)
    }
    const spread = await compare(parties, town, { plan, rounds, hot: null })
    const hot = await compare(parties, town, { plan, rounds, hot: town.hot })
    await Promise.all([parties.load, parties.ours, parties.naive].map(process => process.stop()))
    return [spread, hot]
  } finally {
    await server.stop()
  }
}

interface Case {
  readonly plan: Plan['sends']
  readonly rounds: number
  readonly hot: number | null
}

async function compare(parties: Parties, town: Town, { plan, rounds, hot }: Case): Promise<Figure> {
  const struck = { ours: [] as Struck[], naive: [] as Struck[] }
  const measure = async (who: 'ours' | 'naive') => {
    const { cost, ...rest } = await strike(parties, parties[who], town, plan, hot)
    struck[who].push(rest)
    return cost
  }
  await interleave(
    1,
    () => measure('ours'),
    () => measure('naive')
  ) // warm
  struck.ours = []
  struck.naive = []
  const measured = await interleave(
    rounds,
    () => measure('ours'),
    () => measure('naive')
  )

  const speed = (who: 'ours' | 'naive') => {
    const perSecond = median(struck[who].map(({ stored, seconds }) => stored / seconds))
    const wait = median(struck[who].map(({ p50 }) => p50))
    return `${perSecond.toFixed(0)}/s (${wait} ms at the median)`
  }
  return figure(measured, {
    name: hot === null ? `durable send, over ${town.conversations} conversations` : 'durable send, in one conversation',
    rate: `${plan.connections} requests under way: ours ${speed('ours')}, naive ${speed('naive')}`,
    unit: 'µs of CPU a send, api and PostgreSQL',
    versus: 'naive',
    kind: 'gain',
    aims: hot === null ? { ratio: 3, ours: 130 } : { ratio: 6, ours: 130 }
  })
}

async function strike(
  { load, database }: Parties,
  server: Remote<SendServer>,
  town: Town,
  plan: Plan['sends'],
  hot: number | null
): Promise<Struck & { cost: number }> {
  const port = await server.call('port')
  const sum = async () => (await server.call('cpuMicros')) + (await database.cpuMicros())
  const before = await sum()
  const { sends: count, connections } = plan
  const struck = await load.call('send', { port, sends: count, connections, people: town.conversations, hot })
  await pause(AFTER_MS)
  return { ...struck, cost: ((await sum()) - before) / struck.stored }
}
