import type { Test } from 'tap'
import { LEASE_GRACE_MS } from '../../src/presence.ts'
import { alice, bob, GRACE_MS, LEASE_MS, type MakePresenceNodes, TTL_MS } from './presence-nodes.ts'

/** What a lease promises that runs out, or nearly. */
export async function leaseSuite(t: Test, makeNodes: MakePresenceNodes): Promise<void> {
  await t.test('the users of a gateway whose lease ran out are reaped by another after 30 s', async t => {
    const { here, there, advance } = await makeNodes(t)
    await here.renew()
    await here.arrive(alice)
    await here.arrive(bob)
    await there.arrive(bob)
    advance(LEASE_MS + LEASE_GRACE_MS - 1)
    await there.renew()
    t.same(await there.reap(), [])
    advance(1)
    t.same(await there.reap(), [alice])
    t.same(await there.online([alice, bob]), [bob])
  })

  await t.test('a renewed lease holds', async t => {
    const { here, there, advance } = await makeNodes(t)
    await here.arrive(alice)
    for (let n = 0; n < 10; n++) {
      advance(LEASE_MS - 1)
      t.same(await here.renew(), { lost: false })
    }
    t.same(await there.reap(), [])
  })

  await t.test('a lease renewed late, before anyone reaped, was not lost', async t => {
    const { here, there, advance } = await makeNodes(t)
    await here.renew()
    await here.arrive(alice)
    advance(LEASE_MS + LEASE_GRACE_MS - 1)
    t.same(await here.renew(), { lost: false })
    advance(LEASE_MS)
    t.same(await there.reap(), [])
  })

  await t.test('a gateway that was given up is told once, and its users may arrive again', async t => {
    const { here, there, advance } = await makeNodes(t)
    await here.renew()
    await here.arrive(alice)
    advance(LEASE_MS + LEASE_GRACE_MS)
    t.same(await there.reap(), [alice])
    t.same(await here.arrive(bob), { turned: true }, 'arriving there works meanwhile')
    t.same(await here.renew(), { lost: true })
    t.same(await here.renew(), { lost: false })
    t.same(await here.arrive(alice), { turned: true })
    t.same(await there.reap(), [])
  })

  await t.test('who finds another gateway while his is dead turns nothing', async t => {
    const { here, there, advance } = await makeNodes(t)
    await here.arrive(alice)
    advance(LEASE_MS + LEASE_GRACE_MS)
    t.same(await there.arrive(alice), { turned: false })
    t.same(await there.reap(), [])
  })
}

/** What declaring oneself online or offline promises. */
export async function declarationSuite(t: Test, makeNodes: MakePresenceNodes): Promise<void> {
  await t.test('a declaration holds a user online for its time', async t => {
    const { here, there, advance } = await makeNodes(t)
    t.same(await here.declare(alice, 'online', TTL_MS), { turned: true })
    t.same(await there.declare(alice, 'online', 2 * TTL_MS), { turned: false })
    advance(2 * TTL_MS - 1)
    t.same(await there.reap(), [])
    advance(1)
    t.same(await there.reap(), [alice])
  })

  await t.test('who is declared offline is hidden at once, whatever sockets he has', async t => {
    const { here, there } = await makeNodes(t)
    await here.arrive(alice)
    t.same(await there.declare(alice, 'offline', TTL_MS), { turned: true })
    t.same(await there.declare(alice, 'offline', TTL_MS), { turned: false })
    t.same(await here.online([alice]), [])
  })

  await t.test('he shows again when he arrives or declares himself online', async t => {
    const { here, there } = await makeNodes(t)
    await here.arrive(alice)
    await here.declare(alice, 'offline', TTL_MS)
    t.same(await there.arrive(alice), { turned: true })
    await here.declare(alice, 'offline', TTL_MS)
    t.same(await here.declare(alice, 'online', TTL_MS), { turned: true })
    t.same(await here.online([alice]), [alice])
  })

  await t.test('nobody is told twice that a hidden user went', async t => {
    const { here, advance } = await makeNodes(t)
    await here.arrive(alice)
    await here.declare(alice, 'offline', TTL_MS)
    await here.depart(alice, GRACE_MS)
    await here.declare(bob, 'online', TTL_MS)
    await here.declare(bob, 'offline', TTL_MS)
    advance(TTL_MS)
    t.same(await here.reap(), [])
  })

  await t.test('offline of someone who is offline turns nothing', async t => {
    const { here } = await makeNodes(t)
    t.same(await here.declare(alice, 'offline', TTL_MS), { turned: false })
  })

  await t.test('a socket outlasts a declaration, and a declaration a socket', async t => {
    const { here, there, advance } = await makeNodes(t)
    await here.arrive(alice)
    await there.declare(alice, 'online', GRACE_MS)
    advance(GRACE_MS)
    t.same(await there.reap(), [])
    await there.declare(alice, 'online', 2 * GRACE_MS)
    await here.depart(alice, GRACE_MS)
    advance(GRACE_MS)
    t.same(await there.reap(), [])
    advance(GRACE_MS)
    t.same(await there.reap(), [alice])
  })
}
