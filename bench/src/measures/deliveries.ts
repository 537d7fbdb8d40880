import type { Plan } from '../plan.ts'
import type { Processes } from '../processes.ts'
import type { Remote } from '../remote.ts'
import type { Figure } from '../report.ts'
import type { Readers } from '../roles/readers.ts'
import type { SocketServer } from '../roles/server.ts'
import { SMALL } from '../room.ts'
import { figure, interleave } from '../rounds.ts'

const CONNECTS_A_SECOND = 1_000

interface Case {
  readonly name: string
  readonly from: number
  readonly to: number
  readonly roomSize: number
  readonly perSecond: number
  readonly ms: number
}

interface Parties {
  readonly readers: Remote<Readers>
  readonly gateway: Remote<SocketServer>
  readonly bare: Remote<SocketServer>
}

/** CPU time of the server process for each frame that a client received. */
export async function deliveries(processes: Processes, plan: Plan): Promise<Figure[]> {
  const { rooms: small, large, perSecond, largePerSecond, ms } = plan.deliveries
  const parties = {
    readers: await processes.start('readers', {}),
    gateway: await processes.start('gateway', { small }),
    bare: await processes.start('bare', { small })
  }
  for (const server of [parties.gateway, parties.bare]) {
    const port = await server.call('port')
    const count = small * SMALL + large
    await parties.readers.call('connect', { port, from: 1, count, perSecond: CONNECTS_A_SECOND })
  }
  const inSmall = { from: 1, to: small, roomSize: SMALL, perSecond, ms }
  const inLarge = { from: small + 1, to: small + 1, roomSize: large, perSecond: largePerSecond, ms }
  const figures = [
    await compare(parties, { ...inSmall, name: `delivery in rooms of ${SMALL}` }, plan),
    await compare(parties, { ...inLarge, name: `delivery in a room of ${large}` }, plan)
  ]
  await Promise.all(Object.values(parties).map(process => process.stop()))
  return figures
}

async function compare({ readers, gateway, bare }: Parties, each: Case, plan: Plan): Promise<Figure> {
  const ours = () => cost(gateway, readers, each)
  const other = () => cost(bare, readers, each)
  const measured = await interleave(plan, ours, other)
  const { perSecond, roomSize, from, to, name } = each
  return figure(measured, {
    name,
    rate: `${perSecond} events/s, ${perSecond * roomSize} deliveries/s to ${roomSize * (to - from + 1)} sockets`,
    unit: 'µs of CPU a delivery',
    versus: 'bare ws',
    kind: 'cost',
    aims: { ratio: 1.3 }
  })
}

/** Microseconds of CPU a delivery. @throws Error when a delivery is missing, since its cost would be missing too. */
async function cost(server: Remote<SocketServer>, readers: Remote<Readers>, each: Case): Promise<number> {
  const { from, to, perSecond, ms } = each
  const { events, cpuMicros } = await server.call('publish', { from, to, perSecond, ms })
  const frames = events * each.roomSize
  const came = await readers.call('count', { port: await server.call('port'), messages: frames })
  if (came !== frames) throw new Error(`of ${frames} deliveries ${came} came`)
  return cpuMicros / frames
}
