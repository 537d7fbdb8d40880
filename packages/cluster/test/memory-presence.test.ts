import type { UserId } from '@rendezvous/contract'
import t from 'tap'
import { memoryPresence } from '../src/memory/presence.ts'
import { memoryWire } from '../src/memory/wire.ts'
import { LEASE_GRACE_MS, STEP_MAX } from '../src/presence.ts'
import { presenceSuite } from './suites/presence.ts'
import { presenceModel } from './suites/presence-model.ts'
import { crowdOf, LEASE_MS, type MakePresenceNodes, reapAll } from './suites/presence-nodes.ts'

const makeNodes: MakePresenceNodes = async () => {
  let now = 1_800_000_000_000
  const wire = memoryWire({ clock: () => now })
  return {
    here: memoryPresence(wire, { gatewayId: 'here', leaseMs: LEASE_MS }),
    there: memoryPresence(wire, { gatewayId: 'there', leaseMs: LEASE_MS }),
    async advance(ms) {
      now += ms
    }
  }
}

t.test('the memory presence keeps the promises of every presence', t => presenceSuite(t, makeNodes))
t.test('online and offline are told in turn, whatever two gateways do', t => presenceModel(t, makeNodes, 500))

t.test('no more users are kept than fit; a user who left makes room', async t => {
  const wire = memoryWire({ clock: () => 0, bounds: { users: 2 } })
  const presence = memoryPresence(wire, { gatewayId: 'here', leaseMs: LEASE_MS })
  const [alice, bob, carol] = [1, 2, 3] as UserId[] as [UserId, UserId, UserId]
  await presence.arrive(alice)
  await presence.declare(bob, 'online', 0)
  await t.rejects(presence.arrive(carol), { code: 'full' })
  await t.rejects(presence.declare(carol, 'online', 1_000), { code: 'full' })
  t.same(await presence.arrive(alice), { turned: false })
  t.same(await reapAll(presence), [bob])
  t.same(await presence.arrive(carol), { turned: true })
})

t.test('users of a gateway that was given up were last seen when its lease ran out', async t => {
  let now = 0
  const wire = memoryWire({ clock: () => now })
  const [dead, alive] = ['dead', 'alive'].map(gatewayId => memoryPresence(wire, { gatewayId, leaseMs: LEASE_MS }))
  await dead?.arrive(1 as UserId)
  now = LEASE_MS + LEASE_GRACE_MS + 60_000
  t.match(await alive?.reap(), { userIds: [1], seenAt: [LEASE_MS] })
})

t.test('one call of reap takes a thousand users from a dead gateway at most', async t => {
  let now = 0
  const wire = memoryWire({ clock: () => now })
  const [dead, alive] = ['dead', 'alive'].map(gatewayId => memoryPresence(wire, { gatewayId, leaseMs: LEASE_MS }))
  for (const user of crowdOf(STEP_MAX + 5)) await dead?.arrive(user)
  const stillHeld = () => [...wire.reach().held.values()].map(users => users.size)
  now = LEASE_MS + LEASE_GRACE_MS
  await alive?.reap()
  t.same(stillHeld(), [5])
  await alive?.reap()
  t.same(stillHeld(), [])
  t.equal(wire.reach().leases.size, 0, 'nothing is left of its lease')
})

t.test('every call rejects while the cluster is down', async t => {
  const wire = memoryWire({ clock: () => 0 })
  const presence = memoryPresence(wire, { gatewayId: 'here', leaseMs: LEASE_MS })
  const alice = 1 as UserId
  wire.goDown()
  const calls: Promise<unknown>[] = [
    presence.renew(),
    presence.arrive(alice),
    presence.depart([alice], 1),
    presence.reap(),
    presence.acknowledge({ claim: 'one', userIds: [alice] }),
    presence.online([alice]),
    presence.everybody(1),
    presence.declare(alice, 'online', 1)
  ]
  for (const call of calls) await t.rejects(() => call, { code: 'unreachable' })
})
