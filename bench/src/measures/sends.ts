import { setTimeout as pause } from 'node:timers/promises'
import { median } from 'simple-statistics'
import { findPostgres, type Places, type Postgres, startPostgres } from '../../../infra/scripts/postgres.ts'
import { type Conversations, prepareConversations } from '../conversations.ts'
import type { Plan } from '../plan.ts'
import { type ServerTime, serverTime } from '../postgres.ts'
import type { Processes } from '../processes.ts'
import type { Remote } from '../remote.ts'
import type { Figure } from '../report.ts'
import type { SendServer } from '../roles/api.ts'
import type { Load, SendResult } from '../roles/load.ts'
import { figure, interleave } from '../rounds.ts'

/** Milliseconds for the work that a server does after its last answer. */
const AFTER_MS = 200

/** A server, and the database that it alone uses. So background work of the database counts for its own server. */
interface Party {
  readonly server: Remote<SendServer>
  readonly database: ServerTime
  readonly conversations: Conversations
}

type Who = 'ours' | 'naive'

interface Parties extends Readonly<Record<Who, Party>> {
  readonly load: Remote<Load>
}

/** CPU time of all roles for each message that is sent over HTTP, with a token, and stored.
 *  @throws Error when there is no PostgreSQL. */
export async function sends(processes: Processes, plan: Plan, places: Places): Promise<Figure[]> {
  const bin = await findPostgres(places)
  if (bin === null) throw new Error('no PostgreSQL 15 or later was found (POSTGRES_BIN names its folder)')
  const databases: Postgres[] = []
  async function party(role: 'api' | 'naive', bin: string): Promise<Party> {
    const started = await startPostgres(bin)
    databases.push(started)
    const conversations = await prepareConversations(started.url, plan.sends.conversations)
    const server = await processes.start(role, { databaseUrl: started.url })
    return { server, database: await serverTime(started.url), conversations }
  }

  try {
    const load = await processes.start('load', {})
    const parties = { load, ours: await party('api', bin), naive: await party('naive', bin) }
    return [await compare(parties, plan, 'spread'), await compare(parties, plan, 'hot')]
  } finally {
    await processes.clear()
    await Promise.all(databases.map(database => database.stop()))
  }
}

/** A result with the CPU time of each send, in microseconds. */
interface SendCost extends SendResult {
  readonly api: number
  readonly postgres: number
}

/** `spread`: each sender has a conversation of their own. `hot`: all send in one. */
type Kind = 'spread' | 'hot'

async function compare(parties: Parties, plan: Plan, kind: Kind): Promise<Figure> {
  const results: Record<Who, SendCost[]> = { ours: [], naive: [] }
  const measure = (who: Who) => async () => {
    const result = await measureSends(parties.load, parties[who], plan.sends, kind)
    results[who].push(result)
    return result.api + result.postgres
  }
  const measured = await interleave(plan, measure('ours'), measure('naive'))

  const middle = (who: Who, of: (cost: SendCost) => number) => median(results[who].slice(-plan.rounds).map(of))
  const speed = (who: Who) => {
    const perSecond = middle(who, ({ stored, seconds }) => stored / seconds)
    return `${perSecond.toFixed(0)}/s (${middle(who, ({ p50 }) => p50)} ms at the median)`
  }
  const parts = (who: Who) =>
    `${who} ${middle(who, ({ api }) => api).toFixed(1)} + ${middle(who, ({ postgres }) => postgres).toFixed(1)}`
  const { connections, conversations } = plan.sends
  return figure(measured, {
    name: `durable send, ${kind === 'spread' ? `over ${conversations} conversations` : 'in one conversation'}`,
    rate: `${connections} requests at a time: ours ${speed('ours')}, naive ${speed('naive')}`,
    unit: 'µs of CPU a send, api and PostgreSQL',
    versus: 'naive',
    kind: 'gain',
    detail: `server + PostgreSQL: ${parts('ours')}, ${parts('naive')}`,
    aims: { ratio: kind === 'spread' ? 3 : 6, ours: 130 }
  })
}

async function measureSends(
  load: Remote<Load>,
  { server, database, conversations }: Party,
  { sends: count, connections }: Plan['sends'],
  kind: Kind
): Promise<SendCost> {
  const port = await server.call('port')
  const sum = async () => ({ api: await server.call('cpuMicros'), postgres: await database.cpuMicros() })
  const before = await sum()
  const where = { people: conversations.pairs, hot: kind === 'hot' ? conversations.hot : null }
  const result = await load.call('send', { port, sends: count, connections, ...where })
  await pause(AFTER_MS)
  const after = await sum()
  return {
    ...result,
    api: (after.api - before.api) / result.stored,
    postgres: (after.postgres - before.postgres) / result.stored
  }
}
