import type { UserId } from '@rendezvous/contract'
import type { Test } from 'tap'
import { ONLINE_MAX, REAP_MAX } from '../../src/presence.ts'
import { declarationSuite, leaseSuite } from './presence-leases.ts'
import { alice, bob, carol, GRACE_MS, type MakePresenceNodes } from './presence-nodes.ts'

/** What every presence promises. */
export async function presenceSuite(t: Test, makeNodes: MakePresenceNodes): Promise<void> {
  await t.test('one gateway', t => oneGatewaySuite(t, makeNodes))
  await t.test('two gateways', t => twoGatewaysSuite(t, makeNodes))
  await t.test('leases', t => leaseSuite(t, makeNodes))
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

  await t.test('who departed is online until his grace is over and he was reaped', async t => {
    const { here, advance } = await makeNodes(t)
    await here.arrive(alice)
    await here.depart(alice, GRACE_MS)
    advance(GRACE_MS - 1)
    t.same(await here.reap(), [])
    t.same(await here.online([alice]), [alice])
    advance(1)
    t.same(await here.reap(), [alice])
    t.same(await here.online([alice]), [])
    t.same(await here.reap(), [])
  })

  await t.test('coming back within the grace turns nothing', async t => {
    const { here, advance } = await makeNodes(t)
    await here.arrive(alice)
    await here.depart(alice, GRACE_MS)
    advance(GRACE_MS - 1)
    t.same(await here.arrive(alice), { turned: false })
    advance(GRACE_MS)
    t.same(await here.reap(), [])
  })

  await t.test('coming back after the grace turns nothing unless someone reaped before', async t => {
    const { here, advance } = await makeNodes(t)
    await here.arrive(alice)
    await here.depart(alice, GRACE_MS)
    advance(GRACE_MS)
    t.same(await here.arrive(alice), { turned: false })
    t.same(await here.reap(), [])
    await here.depart(alice, GRACE_MS)
    advance(GRACE_MS)
    await here.reap()
    t.same(await here.arrive(alice), { turned: true })
  })

  await t.test('departing without having arrived is ignored', async t => {
    const { here, advance } = await makeNodes(t)
    await here.depart(alice, GRACE_MS)
    advance(GRACE_MS)
    t.same(await here.reap(), [])
    t.same(await here.online([alice]), [])
  })
}

async function twoGatewaysSuite(t: Test, makeNodes: MakePresenceNodes): Promise<void> {
  await t.test('two first sockets at once turn the user online once', async t => {
    const { here, there } = await makeNodes(t)
    const turns = await Promise.all([here.arrive(alice), there.arrive(alice), here.arrive(alice)])
    t.equal(turns.filter(({ turned }) => turned).length, 1)
  })

  await t.test('who has a socket elsewhere goes nowhere', async t => {
    const { here, there, advance } = await makeNodes(t)
    await here.arrive(alice)
    await there.arrive(alice)
    await here.depart(alice, GRACE_MS)
    advance(GRACE_MS)
    t.same(await there.reap(), [])
    await here.depart(alice, GRACE_MS)
    advance(GRACE_MS)
    t.same(await there.reap(), [], 'nothing to depart from any more')
    await there.depart(alice, GRACE_MS)
    advance(GRACE_MS)
    t.same(await here.reap(), [alice])
  })

  await t.test('the longest of several graces counts', async t => {
    const { here, there, advance } = await makeNodes(t)
    await here.arrive(alice)
    await there.arrive(alice)
    await here.depart(alice, 2 * GRACE_MS)
    await there.depart(alice, GRACE_MS)
    advance(GRACE_MS)
    t.same(await here.reap(), [])
    advance(GRACE_MS)
    t.same(await here.reap(), [alice])
  })

  await t.test('a user is reaped by exactly one of those who reap at once, who went first comes first', async t => {
    const { here, there, advance } = await makeNodes(t)
    for (const [n, user] of [carol, alice, bob].entries()) {
      await here.arrive(user)
      await here.depart(user, GRACE_MS + n)
    }
    advance(2 * GRACE_MS)
    const reaped = (await Promise.all([here.reap(), there.reap(), here.reap()])).flat()
    t.same(reaped, [carol, alice, bob])
  })

  await t.test('a reap and an arrival that race agree who won', async t => {
    const { here, there, advance } = await makeNodes(t)
    await here.arrive(alice)
    await here.depart(alice, GRACE_MS)
    advance(GRACE_MS)
    const [reaped, { turned }] = await Promise.all([here.reap(), there.arrive(alice)])
    t.equal(turned, reaped.includes(alice))
    t.same(await here.online([alice]), [alice])
  })

  await t.test('a drained gateway lets all its users go after its grace, and no one else', async t => {
    const { here, there, advance } = await makeNodes(t)
    for (const user of [alice, bob, carol]) await here.arrive(user)
    await there.arrive(bob)
    await here.depart(carol, GRACE_MS)
    await here.drain(2 * GRACE_MS)
    await here.depart(alice, 0)
    advance(GRACE_MS)
    t.same(await there.reap(), [carol], 'keeps the grace he had')
    advance(GRACE_MS)
    t.same(await there.reap(), [alice])
  })
}

async function boundsSuite(t: Test, makeNodes: MakePresenceNodes): Promise<void> {
  await t.test('one reap returns a thousand, the next the rest', async t => {
    const { here, there, advance } = await makeNodes(t)
    const crowd = Array.from({ length: REAP_MAX + 5 }, (_, n) => (n + 1) as UserId)
    for (const user of crowd) await here.arrive(user)
    await here.drain(0)
    advance(1)
    const reaped = [await here.reap(), await there.reap(), await here.reap()]
    t.same(
      reaped.map(users => users.length),
      [REAP_MAX, 5, 0]
    )
    t.same(new Set(reaped.flat()), new Set(crowd))
  })

  await t.test('everybody is who is seen online, as many as asked for', async t => {
    const { here, there } = await makeNodes(t)
    for (const user of [alice, bob]) await here.arrive(user)
    await there.declare(carol, 'online', GRACE_MS)
    await there.declare(bob, 'offline', GRACE_MS)
    t.same(new Set(await here.everybody(10)), new Set([alice, carol]))
    t.equal((await there.everybody(1)).length, 1)
    t.same(await here.everybody(0), [])
  })

  await t.test('more users than a call may ask for are refused', async t => {
    const { here } = await makeNodes(t)
    const crowd = Array.from({ length: ONLINE_MAX + 1 }, (_, n) => (n + 1) as UserId)
    await t.rejects(here.online(crowd), RangeError)
    t.same(await here.online(crowd.slice(1)), [])
  })
}
