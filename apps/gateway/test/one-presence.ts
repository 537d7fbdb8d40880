import { setImmediate as turn } from 'node:timers/promises'
import { memoryPresence, type Presence } from '@rendezvous/cluster'
import type { Test } from 'tap'
import { localPresence } from '../src/presence/local-presence.ts'
import { fakeBackend } from './fake-backend.ts'
import { openCluster } from './gateway.ts'

/** Presence of one gateway on a memory cluster, without sockets. */
export function openPresence(t: Test, faults: (presence: Presence) => Partial<Presence> = () => ({})) {
  const cluster = openCluster()
  const backend = fakeBackend()
  const presence = memoryPresence(cluster.wire, { gatewayId: 'one', leaseMs: 10_000 })
  const other = memoryPresence(cluster.wire, { gatewayId: 'two', leaseMs: 10_000 })
  const logged: string[] = []
  const local = localPresence({
    presence: { ...presence, ...faults(presence) },
    backend,
    timers: cluster.timers,
    graceMs: 3_000,
    drainGraceMs: 30_000,
    reportDelayMs: 0,
    log: (_, what) => logged.push(what)
  })
  t.teardown(() => local.stop())
  /** Advances the clock by seconds, with one round of presence each. */
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second += 1) {
      cluster.timers.advance(1_000)
      for (let turns = 0; turns < 5; turns += 1) await turn()
    }
  }
  const told = () => backend.asked('presenceChanged').map(({ userId, online }) => `${userId} ${online ? 'on' : 'off'}`)
  return { ...cluster, backend, presence, other, local, logged, pass, told }
}

/** A promise, and the function that resolves it. */
export function deferred() {
  let resolve = () => {}
  const promise = new Promise<void>(done => {
    resolve = done
  })
  return { promise, resolve: () => resolve() }
}
