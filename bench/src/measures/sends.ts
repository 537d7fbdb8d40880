import { setTimeout as pause } from 'node:timers/promises'
import { median } from 'simple-statistics'
import { findPostgres, type Places, startPostgres } from '../../../infra/scripts/postgres.ts'
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

/** With what was used for each send, in microseconds. */
interface Strike extends Struck {
  readonly api: number
  readonly postgres: number
}

interface Case {
  readonly plan: Plan['sends']
  readonly rounds: number
  readonly hot: number | null
}

async function compare(parties: Parties, town: Town, { plan, rounds, hot }: Case): Promise<Figure> {
  const struck = { ours: [] as Strike[], naive: [] as Strike[] }
  const measure = async (who: 'ours' | 'naive') => {
    const result = await strike(parties, parties[who], town, plan, hot)
    struck[who].push(result)
    return result.api + result.postgres
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
  const parts = (who: 'ours' | 'naive') =>
    `${who} ${median(struck[who].map(({ api }) => api)).toFixed(1)} + ${median(struck[who].map(({ postgres }) => postgres)).toFixed(1)}`
  return figure(measured, {
    name: hot === null ? `durable send, over ${town.conversations} conversations` : 'durable send, in one conversation',
    rate: `${plan.connections} requests under way: ours ${speed('ours')}, naive ${speed('naive')}`,
    unit: 'µs of CPU a send, api and PostgreSQL',
    versus: 'naive',
    kind: 'gain',
    detail: `server + PostgreSQL: ${parts('ours')}, ${parts('naive')}`,
    aims: hot === null ? { ratio: 3, ours: 130 } : { ratio: 6, ours: 130 }
  })
}

async function strike(
  { load, database }: Parties,
  server: Remote<SendServer>,
  town: Town,
  plan: Plan['sends'],
  hot: number | null
): Promise<Strike> {
  const port = await server.call('port')
  const sum = async () => ({ api: await server.call('cpuMicros'), postgres: await database.cpuMicros() })
  const before = await sum()
  const { sends: count, connections } = plan
  const struck = await load.call('send', { port, sends: count, connections, people: town.conversations, hot })
  await pause(AFTER_MS)
  const after = await sum()
  return {
    ...struck,
    api: (after.api - before.api) / struck.stored,
    postgres: (after.postgres - before.postgres) / struck.stored
  }
}
