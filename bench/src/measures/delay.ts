import { median } from 'simple-statistics'
import { findPostgres, type Places, type Postgres, startPostgres } from '../../../infra/scripts/postgres.ts'
import { prepareConversations } from '../conversations.ts'
import type { Plan } from '../plan.ts'
import type { Processes } from '../processes.ts'
import type { Figure } from '../report.ts'
import type { Delays } from '../roles/pairs.ts'
import { figure, interleave } from '../rounds.ts'

/** The time from a send over HTTP until the stored message is at the receiver's socket, on a server with low load.
 *  @throws Error when there is no PostgreSQL. */
export async function delay(processes: Processes, plan: Plan, places: Places): Promise<Figure[]> {
  const bin = await findPostgres(places)
  if (bin === null) throw new Error('no PostgreSQL 15 or later was found (POSTGRES_BIN names its folder)')
  const { conversations: people, perSecond, ms } = plan.delay
  const databases: Postgres[] = []
  const pairs = await processes.start('pairs', {})

  async function party(role: 'chat' | 'naive', bin: string) {
    const started = await startPostgres(bin)
    databases.push(started)
    await prepareConversations(started.url, people)
    const server = await processes.start(role, { databaseUrl: started.url })
    const port = await server.call('port')
    await pairs.call('connect', { port, people })
    const rounds: Delays[] = []
    const measure = async () => {
      const delays = await pairs.call('send', { port, people, perSecond, ms })
      rounds.push(delays)
      return delays.median
    }
    return { measure, p95: () => median(rounds.slice(-plan.rounds).map(each => each.p95)) }
  }

  try {
    const [ours, naive] = [await party('chat', bin), await party('naive', bin)]
    const measured = await interleave(plan, ours.measure, naive.measure)
    return [
      figure(measured, {
        name: 'delay of a message at low load',
        rate: `${perSecond} sends/s over ${people} conversations, to a socket of each receiver`,
        unit: 'ms from the send to the delivery, at the median',
        versus: 'naive',
        kind: 'cost',
        detail: `95th percentile: ours ${ours.p95().toFixed(1)}, naive ${naive.p95().toFixed(1)}`,
        aims: { ratio: 1 }
      })
    ]
  } finally {
    await processes.clear()
    await Promise.all(databases.map(database => database.stop()))
  }
}
