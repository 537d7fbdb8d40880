import type { Test } from 'tap'
import { LEASE_GRACE_MS, STEP_MAX } from '../../src/presence.ts'
import { alice, bob, crowdOf, GRACE_MS, LEASE_MS, type MakePresenceNodes, reapAll, TTL_MS } from './presence-nodes.ts'

/** What a lease promises when it runs out, and shortly before. */
export async function leaseSuite(t: Test, makeNodes: MakePresenceNodes): Promise<void> {
  await t.test('the users of a gateway whose lease ran out are reaped by another after 30 s', async t => {
    const { here, there, advance } = await makeNodes(t)
    await here.renew()
    await here.arrive(alice)
    await here.arrive(bob)
    await there.arrive(bob)
    await advance(LEASE_MS + LEASE_GRACE_MS - 1)
    await there.renew()
    t.same(await reapAll(there), [])
    await advance(1)
    t.same(await reapAll(there), [alice])
    t.same(await there.online([alice, bob]), [bob])
  })

  await t.test('a renewed lease holds', async t => {
    const { here, there, advance } = await makeNodes(t)
    await here.arrive(alice)
    for (let n = 0; n < 10; n++) {
      await advance(LEASE_MS - 1)
      t.same(await here.renew(), { lost: false })
    }
    t.same(await reapAll(there), [])
  })

  await t.test('a lease renewed late, within the 30 s, was not lost', async t => {
    const { here, there, advance } = await makeNodes(t)
    await here.renew()
    await here.arrive(alice)
    await advance(LEASE_MS + LEASE_GRACE_MS - 1)
    t.same(await here.renew(), { lost: false })
    await advance(LEASE_MS)
    t.same(await reapAll(there), [])
  })

  await t.test('a gateway that was given up is told so once, and its users may arrive again', async t => {
    const { here, there, advance } = await makeNodes(t)
    await here.renew()
    await here.arrive(alice)
    await advance(LEASE_MS + LEASE_GRACE_MS)
    t.same(await reapAll(there), [alice])
    t.same(await here.renew(), { lost: true })
    t.same(await here.renew(), { lost: false })
    t.same(await here.arrive(alice), { turned: true })
    t.same(await reapAll(there), [])
    t.same(await here.online([alice]), [alice])
  })

  await t.test('a lost lease is told even when nobody reaped, and users who arrive again turn nothing', async t => {
    const { here, there, advance } = await makeNodes(t)
    await here.arrive(alice)
    await here.arrive(bob)
    await advance(LEASE_MS + LEASE_GRACE_MS)
    t.same(await here.renew(), { lost: true })
    t.same(await here.arrive(alice), { turned: false })
    t.same(await reapAll(there), [bob], 'a user who does not arrive again goes offline')
    t.same(await here.online([alice, bob]), [alice])
  })

  await t.test('a user who arrives under a lost lease is held by nobody, and is reaped', async t => {
    const { here, there, advance } = await makeNodes(t)
    await here.arrive(alice)
    await advance(LEASE_MS + LEASE_GRACE_MS)
    t.same(await reapAll(there), [alice])
    t.same(await here.arrive(bob), { turned: true })
    t.same(await here.renew(), { lost: true })
    t.same(await reapAll(there), [bob])
  })

  await t.test('a user who arrives at another gateway while theirs is dead turns nothing', async t => {
    const { here, there, advance } = await makeNodes(t)
    await here.arrive(alice)
    await advance(LEASE_MS + LEASE_GRACE_MS)
    t.same(await there.arrive(alice), { turned: false })
    t.same(await reapAll(there), [])
  })

  await t.test('all users of a dead gateway are reaped, in bounded steps', async t => {
    const { here, there, advance } = await makeNodes(t)
    const crowd = crowdOf(STEP_MAX + 5)
    for (const user of crowd) await here.arrive(user)
    await advance(LEASE_MS + LEASE_GRACE_MS)
    for (const user of crowd.slice(0, 10)) await there.arrive(user)
    const first = await reapAll(there)
    t.ok(first.length <= STEP_MAX)
    const rest = await reapAll(there)
    t.same(new Set([...first, ...rest]), new Set(crowd.slice(10)))
  })
}

/** What `declare` promises. */
export async function declarationSuite(t: Test, makeNodes: MakePresenceNodes): Promise<void> {
  await t.test('a declaration holds a user online for its time', async t => {
    const { here, there, advance } = await makeNodes(t)
    t.same(await here.declare(alice, 'online', TTL_MS), { turned: true })
    t.same(await there.declare(alice, 'online', 2 * TTL_MS), { turned: false })
    await advance(2 * TTL_MS - 1)
    t.same(await reapAll(there), [])
    await advance(1)
    t.same(await reapAll(there), [alice])
  })

  await t.test('a user who is declared offline is hidden at once, whatever sockets they have', async t => {
    const { here, there } = await makeNodes(t)
    await here.arrive(alice)
    t.same(await there.declare(alice, 'offline', TTL_MS), { turned: true })
    t.same(await there.declare(alice, 'offline', TTL_MS), { turned: false })
    t.same(await here.online([alice]), [])
  })

  await t.test('a hidden user is visible again when they arrive or are declared online', async t => {
    const { here, there } = await makeNodes(t)
    await here.arrive(alice)
    await here.declare(alice, 'offline', TTL_MS)
    t.same(await there.arrive(alice), { turned: true })
    await here.declare(alice, 'offline', TTL_MS)
    t.same(await here.declare(alice, 'online', TTL_MS), { turned: true })
    t.same(await here.online([alice]), [alice])
  })

  await t.test('a hidden user is told offline once', async t => {
    const { here, advance } = await makeNodes(t)
    await here.arrive(alice)
    await here.declare(alice, 'offline', TTL_MS)
    await here.depart([alice], GRACE_MS)
    await here.declare(bob, 'online', TTL_MS)
    await here.declare(bob, 'offline', TTL_MS)
    await advance(TTL_MS)
    t.same(await reapAll(here), [])
  })

  await t.test('declaring an offline user offline turns nothing', async t => {
    const { here } = await makeNodes(t)
    t.same(await here.declare(alice, 'offline', TTL_MS), { turned: false })
  })

  await t.test('a user stays online until both their socket and their declaration have ended', async t => {
    const { here, there, advance } = await makeNodes(t)
    await here.arrive(alice)
    await there.declare(alice, 'online', GRACE_MS)
    await advance(GRACE_MS)
    t.same(await reapAll(there), [])
    await there.declare(alice, 'online', 2 * GRACE_MS)
    await here.depart([alice], GRACE_MS)
    await advance(GRACE_MS)
    t.same(await reapAll(there), [])
    await advance(GRACE_MS)
    t.same(await reapAll(there), [alice])
  })
}
