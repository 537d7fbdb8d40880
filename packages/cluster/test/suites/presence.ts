import type { Test } from 'tap'
import { ONLINE_MAX, STEP_MAX } from '../../src/presence.ts'
import { claimSuite } from './presence-claims.ts'
import { declarationSuite, leaseSuite } from './presence-leases.ts'
import { alice, bob, carol, crowdOf, GRACE_MS, type MakePresenceNodes, reapAll } from './presence-nodes.ts'

/** What every implementation of `Presence` promises. */
export async function presenceSuite(t: Test, makeNodes: MakePresenceNodes): Promise<void> {
  await t.test('one gateway', t => oneGatewaySuite(t, makeNodes))
  await t.test('two gateways', t => twoGatewaysSuite(t, makeNodes))
  await t.test('leases', t => leaseSuite(t, makeNodes))
  await t.test('claims', t => claimSuite(t, makeNodes))
  await t.test('declarations', t => declarationSuite(t, makeNodes))
  await t.test('bounds', t => boundsSuite(t, makeNodes))
}

async function oneGatewaySuite(t: Test, makeNodes: MakePresenceNodes): Promise<void> {
  await t.test('the first socket turns a user online, the next do not', async t => {
    const { here } = await makeNodes(t)
    t.same(await here.arrive(alice), { turned: true })
    t.same(await here.arrive(alice), { turned: false })
    t.same(await here.online([bob, alice]), [alice])
  })

  await t.test('a user who departed is online until their grace is over and a gateway reaps', async t => {
    const { here, advance } = await makeNodes(t)
    await here.arrive(alice)
    await here.depart([alice], GRACE_MS)
    await advance(GRACE_MS - 1)
    t.same(await reapAll(here), [])
    t.same(await here.online([alice]), [alice])
    await advance(1)
    t.same(await here.online([alice]), [alice])
    t.same(await reapAll(here), [alice])
    t.same(await here.online([alice]), [])
    t.same(await reapAll(here), [])
  })

  await t.test('coming back within the grace turns nothing', async t => {
    const { here, advance } = await makeNodes(t)
    await here.arrive(alice)
    await here.depart([alice], GRACE_MS)
    await advance(GRACE_MS - 1)
    t.same(await here.arrive(alice), { turned: false })
    await advance(GRACE_MS)
    t.same(await reapAll(here), [])
  })

  await t.test('coming back after the grace turns the user online only when a gateway reaped before', async t => {
    const { here, advance } = await makeNodes(t)
    await here.arrive(alice)
    await here.depart([alice], GRACE_MS)
    await advance(GRACE_MS)
    t.same(await here.arrive(alice), { turned: false })
    t.same(await reapAll(here), [])
    await here.depart([alice], GRACE_MS)
    await advance(GRACE_MS)
    await reapAll(here)
    t.same(await here.arrive(alice), { turned: true })
  })

  await t.test('a user who never arrived cannot depart', async t => {
    const { here, advance } = await makeNodes(t)
    await here.depart([alice], GRACE_MS)
    await advance(GRACE_MS)
    t.same(await reapAll(here), [])
    t.same(await here.online([alice]), [])
  })
}

async function twoGatewaysSuite(t: Test, makeNodes: MakePresenceNodes): Promise<void> {
  await t.test('two first sockets at once turn the user online once', async t => {
    const { here, there } = await makeNodes(t)
    const turns = await Promise.all([here.arrive(alice), there.arrive(alice), here.arrive(alice)])
    t.equal(turns.filter(({ turned }) => turned).length, 1)
  })

  await t.test('a user who has a socket elsewhere stays online', async t => {
    const { here, there, advance } = await makeNodes(t)
    await here.arrive(alice)
    await there.arrive(alice)
    await here.depart([alice], GRACE_MS)
    await advance(GRACE_MS)
    t.same(await reapAll(there), [])
    await here.depart([alice], GRACE_MS)
    await advance(GRACE_MS)
    t.same(await reapAll(there), [], 'this gateway no longer holds the user')
    await there.depart([alice], GRACE_MS)
    await advance(GRACE_MS)
    t.same(await reapAll(here), [alice])
  })

  await t.test('the longest of several graces counts', async t => {
    const { here, there, advance } = await makeNodes(t)
    await here.arrive(alice)
    await there.arrive(alice)
    await here.depart([alice], 2 * GRACE_MS)
    await there.depart([alice], GRACE_MS)
    await advance(GRACE_MS)
    t.same(await reapAll(here), [])
    await advance(GRACE_MS)
    t.same(await reapAll(here), [alice])
  })

  await t.test('several users depart in one call, and no other user does', async t => {
    const { here, there, advance } = await makeNodes(t)
    for (const user of [alice, bob, carol]) await here.arrive(user)
    await there.arrive(bob)
    await here.depart([carol], GRACE_MS)
    await here.depart([alice, bob, carol], 2 * GRACE_MS)
    await here.depart([alice], 0)
    await advance(GRACE_MS)
    t.same(await reapAll(there), [carol], 'an earlier grace is kept')
    await advance(GRACE_MS)
    t.same(await reapAll(there), [alice])
    t.same(await there.online([alice, bob, carol]), [bob])
  })
}

async function boundsSuite(t: Test, makeNodes: MakePresenceNodes): Promise<void> {
  await t.test('one reap claims a thousand, the next the rest', async t => {
    const { here, there, advance } = await makeNodes(t)
    const crowd = crowdOf(STEP_MAX + 5)
    for (const user of crowd) await here.arrive(user)
    await here.depart(crowd.slice(0, STEP_MAX), 0)
    await here.depart(crowd.slice(STEP_MAX), 0)
    await advance(1)
    const reaped = [await here.reap(), await there.reap(), await here.reap()]
    t.same(
      reaped.map(({ userIds }) => userIds.length),
      [STEP_MAX, 5, 0]
    )
    t.same(new Set(reaped.flatMap(({ userIds }) => userIds)), new Set(crowd))
  })

  await t.test('everybody answers the users who are seen online, as many as asked for', async t => {
    const { here, there } = await makeNodes(t)
    for (const user of [alice, bob]) await here.arrive(user)
    await there.declare(carol, 'online', GRACE_MS)
    await there.declare(bob, 'offline', GRACE_MS)
    t.same(new Set(await here.everybody(10)), new Set([alice, carol]))
    t.equal((await there.everybody(1)).length, 1)
    t.same(await here.everybody(0), [])
  })

  await t.test('more users than a call may name are refused', async t => {
    const { here } = await makeNodes(t)
    await t.rejects(here.online(crowdOf(ONLINE_MAX + 1)), RangeError)
    t.same(await here.online(crowdOf(ONLINE_MAX)), [])
    const tooMany = crowdOf(STEP_MAX + 1)
    await t.rejects(here.depart(tooMany, 0), RangeError)
    await t.rejects(here.acknowledge({ claim: 'one', userIds: tooMany }), RangeError)
    await t.resolves(here.depart(tooMany.slice(1), 0))
  })
}
