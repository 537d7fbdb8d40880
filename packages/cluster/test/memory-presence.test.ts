import type { UserId } from '@rendezvous/contract'
import t from 'tap'
import { memoryPresence } from '../src/memory/presence.ts'
import { memoryWire } from '../src/memory/wire.ts'
import { presenceSuite } from './suites/presence.ts'
import { presenceModel } from './suites/presence-model.ts'
import { LEASE_MS, type MakePresenceNodes } from './suites/presence-nodes.ts'

const makeNodes: MakePresenceNodes = async () => {
  let now = 1_800_000_000_000
  const wire = memoryWire({ clock: () => now })
  return {
    here: memoryPresence(wire, { gatewayId: 'here', leaseMs: LEASE_MS }),
    there: memoryPresence(wire, { gatewayId: 'there', leaseMs: LEASE_MS }),
    advance(ms) {
      now += ms
    }
  }
}

t.test('the memory presence keeps the promises of every presence', t => presenceSuite(t, makeNodes))
t.test('online and offline are told in turn, whatever two gateways do', t => presenceModel(t, makeNodes, 500))

t.test('no more users are kept than fit; who left makes room', async t => {
  const wire = memoryWire({ clock: () => 0, bounds: { users: 2 } })
  const presence = memoryPresence(wire, { gatewayId: 'here', leaseMs: LEASE_MS })
  const [alice, bob, carol] = [1, 2, 3] as UserId[] as [UserId, UserId, UserId]
  await presence.arrive(alice)
  await presence.declare(bob, 'online', 0)
  await t.rejects(presence.arrive(carol), { code: 'full' })
  await t.rejects(presence.declare(carol, 'online', 1_000), { code: 'full' })
  t.same(await presence.arrive(alice), { turned: false })
  t.same(await presence.reap(), [bob])
  t.same(await presence.arrive(carol), { turned: true })
})

t.test('every call rejects while the cluster is down', async t => {
  const wire = memoryWire({ clock: () => 0 })
  const presence = memoryPresence(wire, { gatewayId: 'here', leaseMs: LEASE_MS })
  const alice = 1 as UserId
  wire.goDown()
  const calls: Promise<unknown>[] = [
    presence.renew(),
    presence.arrive(alice),
    presence.depart(alice, 1),
    presence.drain(1),
    presence.reap(),
    presence.online([alice]),
    presence.everybody(1),
    presence.declare(alice, 'online', 1)
  ]
  for (const call of calls) await t.rejects(() => call, { code: 'unreachable' })
})
