import type { Plan } from '../plan.ts'
import type { Processes } from '../processes.ts'
import type { Remote } from '../remote.ts'
import type { Figure } from '../report.ts'
import type { Readers } from '../roles/readers.ts'
import type { SocketServer } from '../roles/server.ts'
import { figure, interleave } from '../rounds.ts'

/** CPU time of the server process for each socket, from the connection to `ready`. All users are in rooms of 10. */
export async function handshakes(processes: Processes, { warming, rounds, handshakes: plan }: Plan): Promise<Figure[]> {
  const readers = await processes.start('readers', {})
  const gateway = await processes.start('gateway', { small: Number.MAX_SAFE_INTEGER })
  const bare = await processes.start('bare', { small: Number.MAX_SAFE_INTEGER })
  const ours = () => cost(gateway, readers, plan)
  const other = () => cost(bare, readers, plan)

  const measured = await interleave({ warming, rounds }, ours, other)
  await Promise.all([gateway, bare, readers].map(process => process.stop()))
  return [
    figure(measured, {
      name: 'handshake up to ready',
      rate: `${plan.perSecond} connects/s`,
      unit: 'µs of CPU a socket',
      versus: 'bare ws, which checks no token',
      kind: 'cost',
      aims: {}
    })
  ]
}

async function cost(
  server: Remote<SocketServer>,
  readers: Remote<Readers>,
  { sockets, perSecond }: Plan['handshakes']
): Promise<number> {
  const port = await server.call('port')
  const before = await server.call('usage')
  await readers.call('connect', { port, from: 1, count: sockets, perSecond })
  const after = await server.call('cpuMicros')
  await readers.call('leave', { port })
  return (after - before.cpuMicros) / sockets
}
