import { linearRegression, median } from 'simple-statistics'
import type { Plan } from '../plan.ts'
import type { Processes } from '../processes.ts'
import type { Remote } from '../remote.ts'
import type { Figure } from '../report.ts'
import type { Readers } from '../roles/readers.ts'
import { figure, interleave } from '../rounds.ts'

const KILO = 1_000
/** The least result in kB. A smaller one is noise, as a few sockets give, and cannot be the base of a ratio. */
const LEAST = 0.1

/** Memory of one more idle socket: the slope over the steps, which leaves out the memory of the process itself. */
export async function memory(processes: Processes, { memory: plan }: Plan): Promise<Figure[]> {
  const readers = await processes.start('readers', {})
  const heaps = { gateway: [] as number[], bare: [] as number[] }
  const measure = async (role: keyof typeof heaps) => {
    const { rss, heap } = await slopes(processes, readers, role, plan)
    heaps[role].push(heap)
    return rss
  }
  const ours = () => measure('gateway')
  const other = () => measure('bare')
  const measured = await interleave({ warming: 0, rounds: plan.repeats }, ours, other)
  await readers.stop()
  const [first = 0] = plan.steps
  const last = plan.steps.at(-1) ?? 0
  return [
    figure(measured, {
      name: 'resident memory of an idle socket',
      rate: `the slope from ${first} to ${last} idle sockets, after garbage collection; of it heap ${median(heaps.gateway).toFixed(1)} and ${median(heaps.bare).toFixed(1)}`,
      unit: 'kB a socket',
      versus: 'bare ws',
      kind: 'cost',
      aims: { ours: 8 }
    })
  ]
}

/** In kB a socket, of a new process. Some sockets connect and leave before the measurement, so that V8 grows its young
 *  generation (up to 32 MB) first. Otherwise that growth would count as about 4 kB a socket. */
async function slopes(processes: Processes, readers: Remote<Readers>, role: 'gateway' | 'bare', plan: Plan['memory']) {
  const server = await processes.start(role, { small: Number.MAX_SAFE_INTEGER })
  const port = await server.call('port')
  const points: { count: number; rss: number; heap: number }[] = []
  const [first = 0] = plan.steps
  for (let wave = 0; wave < plan.waves; wave += 1) {
    await readers.call('connect', { port, from: 1, count: first, perSecond: plan.perSecond })
    await readers.call('leave', { port })
    await server.call('usage')
  }
  let connected = 0
  for (const count of plan.steps) {
    await readers.call('connect', { port, from: connected + 1, count: count - connected, perSecond: plan.perSecond })
    connected = count
    const { rss, heap } = await server.call('usage')
    points.push({ count, rss, heap })
  }
  await readers.call('leave', { port })
  await server.stop()
  const slope = (of: 'rss' | 'heap') =>
    Math.max(LEAST, linearRegression(points.map(point => [point.count, point[of]])).m / KILO)
  return { rss: slope('rss'), heap: slope('heap') }
}
