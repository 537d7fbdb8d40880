import { setTimeout as pause } from 'node:timers/promises'
import { median } from 'simple-statistics'
import { findPostgres, type Places, type Postgres, startPostgres } from '../../../infra/scripts/postgres.ts'
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

/** One that stores, and the database that it alone uses: what its tables cause there in the background is its own as well. */
interface Party {
  readonly server: Remote<SendServer>
  readonly database: ServerTime
  readonly town: Town
}

type Who = 'ours' | 'naive'

interface Parties extends Readonly<Record<Who, Party>> {
  readonly load: Remote<Load>
}

/** CPU of all roles for each message that was stored, over HTTP with a token each. @throws Error when there is no PostgreSQL to do it on. */
export async function sends(stage: Stage, plan: Plan, places: Places): Promise<Figure[]> {
  const bin = await findPostgres(places)
  if (bin === null) throw new Error('no PostgreSQL 15 or later was found (POSTGRES_BIN names its folder)')
  const databases: Postgres[] = []
  async function party(role: 'api' | 'naive', bin: string): Promise<Party> {
    const started = await startPostgres(bin)
    databases.push(started)
    const town = await prepare(started.url, plan.sends.conversations)
    const server = await stage.start(role, { databaseUrl: started.url })
    return { server, database: await serverTime(started.url), town }
  }

  try {
    const load = await stage.start('load', {})
    const parties = { load, ours: await party('api', bin), naive: await party('naive', bin) }
    return [await compare(parties, plan, 'spread'), await compare(parties, plan, 'hot')]
  } finally {
    await stage.clear()
    await Promise.all(databases.map(database => database.stop()))
  }
}

/** With what was used for each send, in microseconds. */
interface Strike extends Struck {
  readonly api: number
  readonly postgres: number
}

/** Over as many conversations as people send, or all in one. */
type Kind = 'spread' | 'hot'

async function compare(parties: Parties, plan: Plan, kind: Kind): Promise<Figure> {
  const struck: Record<Who, Strike[]> = { ours: [], naive: [] }
  const measure = (who: Who) => async () => {
    const result = await strike(parties.load, parties[who], plan.sends, kind)
    struck[who].push(result)
    return result.api + result.postgres
  }
  const measured = await interleave(plan, measure('ours'), measure('naive'))

  const middle = (who: Who, of: (strike: Strike) => number) => median(struck[who].slice(-plan.rounds).map(of))
  const speed = (who: Who) => {
    const perSecond = middle(who, ({ stored, seconds }) => stored / seconds)
    return `${perSecond.toFixed(0)}/s (${middle(who, ({ p50 }) => p50)} ms at the median)`
  }
  const parts = (who: Who) =>
    `${who} ${middle(who, ({ api }) => api).toFixed(1)} + ${middle(who, ({ postgres }) => postgres).toFixed(1)}`
  const { connections, conversations } = plan.sends
  return figure(measured, {
    name: `durable send, ${kind === 'spread' ? `over ${conversations} conversations` : 'in one conversation'}`,
    rate: `${connections} requests under way: ours ${speed('ours')}, naive ${speed('naive')}`,
    unit: 'µs of CPU a send, api and PostgreSQL',
    versus: 'naive',
    kind: 'gain',
    detail: `server + PostgreSQL: ${parts('ours')}, ${parts('naive')}`,
    aims: { ratio: kind === 'spread' ? 3 : 6, ours: 130 }
  })
}

async function strike(
  load: Remote<Load>,
  { server, database, town }: Party,
  { sends: count, connections }: Plan['sends'],
  kind: Kind
): Promise<Strike> {
  const port = await server.call('port')
  const sum = async () => ({ api: await server.call('cpuMicros'), postgres: await database.cpuMicros() })
  const before = await sum()
  const where = { people: town.conversations, hot: kind === 'hot' ? town.hot : null }
  const struck = await load.call('send', { port, sends: count, connections, ...where })
  await pause(AFTER_MS)
  const after = await sum()
  return {
    ...struck,
    api: (after.api - before.api) / struck.stored,
    postgres: (after.postgres - before.postgres) / struck.stored
  }
}
