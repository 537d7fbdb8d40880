import type { Test } from 'tap'
import { CLAIM_MS, type Reaped } from '../../src/presence.ts'
import {
  alice,
  bob,
  carol,
  GRACE_MS,
  type MakePresenceNodes,
  type PresenceNodes,
  reapAll,
  TTL_MS
} from './presence-nodes.ts'

/** What a claim promises: a user who went offline is told so at least once, even when the caller that reaped dies. */
export async function claimSuite(t: Test, makeNodes: MakePresenceNodes): Promise<void> {
  /** Two gateways; alice was online and her grace is over. */
  async function afterGrace(t: Test): Promise<PresenceNodes> {
    const nodes = await makeNodes(t)
    await nodes.here.arrive(alice)
    await nodes.here.depart([alice], GRACE_MS)
    await nodes.advance(GRACE_MS)
    return nodes
  }

  await t.test('when several reap at once, exactly one claims a user', async t => {
    const { here, there, advance } = await makeNodes(t)
    for (const user of [alice, bob, carol]) await here.arrive(user)
    await here.depart([alice, bob, carol], GRACE_MS)
    await advance(GRACE_MS)
    const reaped = await Promise.all([here.reap(), there.reap(), here.reap()])
    t.same(reaped.flatMap(({ userIds }) => userIds).sort(), [alice, bob, carol])
    t.equal(new Set(reaped.map(({ claim }) => claim)).size, 3, 'each claim has a name of its own')
  })

  await t.test('a claimed user is offline at once', async t => {
    const { here, there } = await afterGrace(t)
    await here.reap()
    t.same(await there.online([alice]), [])
    t.same(await there.everybody(10), [])
  })

  await t.test('a user whose claim was not acknowledged is claimed again after it has ended', async t => {
    const { here, there, advance } = await afterGrace(t)
    t.same((await here.reap()).userIds, [alice])
    await advance(CLAIM_MS - 1)
    t.same(await reapAll(there), [], 'the claim holds')
    await advance(1)
    t.same((await there.reap()).userIds, [alice])
    await advance(CLAIM_MS)
    t.same(await reapAll(there), [alice], 'claimed until a caller acknowledges')
    await advance(CLAIM_MS)
    t.same(await reapAll(there), [])
  })

  await t.test('each claim says when its users were last seen, however late it is', async t => {
    const { here, there, advance } = await makeNodes(t)
    for (const user of [alice, bob, carol]) await here.arrive(user)
    await here.depart([alice], GRACE_MS)
    await advance(1_000)
    await here.depart([bob], 2 * GRACE_MS)
    await there.declare(carol, 'online', 0)
    await advance(1_000)
    await here.depart([carol], 0)
    await advance(2 * GRACE_MS)
    const seenAt = ({ userIds, seenAt }: Reaped) => [alice, bob, carol].map(user => seenAt[userIds.indexOf(user)] ?? 0)
    const [first = 0, ...rest] = seenAt(await here.reap())
    t.same(rest, [first + 1_000, first + 2_000])
    await advance(CLAIM_MS)
    t.same(seenAt(await there.reap()), [first, ...rest])
  })

  await t.test('an acknowledged user is not claimed again', async t => {
    const { here, there, advance } = await afterGrace(t)
    await here.acknowledge(await here.reap())
    await advance(10 * CLAIM_MS)
    t.same(await reapAll(there), [])
  })

  await t.test('after some users of a claim are acknowledged, the others are claimed again', async t => {
    const { here, there, advance } = await makeNodes(t)
    for (const user of [alice, bob]) await here.arrive(user)
    await here.depart([alice, bob], 0)
    await advance(1)
    const { claim } = await here.reap()
    await here.acknowledge({ claim, userIds: [bob, carol] })
    await advance(CLAIM_MS)
    t.same(await reapAll(there), [alice])
  })

  await t.test('a user who comes back after the claim is online, with a turn, and is not claimed again', async t => {
    const { here, there, advance } = await afterGrace(t)
    const reaped = await here.reap()
    t.same(await there.arrive(alice), { turned: true })
    await advance(CLAIM_MS - 1)
    await there.renew()
    t.same(await there.online([alice]), [alice])
    await here.acknowledge(reaped)
    await advance(1)
    t.same(await there.online([alice]), [alice])
    t.same(await reapAll(here), [])
  })

  await t.test('a user who declares themself online after the claim is online, with a turn', async t => {
    const { here, there, advance } = await afterGrace(t)
    const reaped = await here.reap()
    t.same(await there.declare(alice, 'offline', TTL_MS), { turned: false }, 'the user is offline already')
    t.same(await there.declare(alice, 'online', TTL_MS), { turned: true })
    await here.acknowledge(reaped)
    await advance(TTL_MS - 1)
    t.same(await there.online([alice]), [alice])
    t.same(await reapAll(there), [])
    await advance(1)
    t.same(await reapAll(there), [alice])
  })

  await t.test('a late acknowledgement does not end the claim of another gateway', async t => {
    const { here, there, advance } = await afterGrace(t)
    const reaped = await here.reap()
    await advance(CLAIM_MS)
    t.same((await there.reap()).userIds, [alice])
    await here.acknowledge(reaped)
    await advance(CLAIM_MS)
    t.same(await reapAll(there), [alice])
  })

  await t.test('a late acknowledgement does not end a later claim of the same gateway', async t => {
    const { here, there, advance } = await afterGrace(t)
    const reaped = await here.reap()
    await here.arrive(alice)
    await here.depart([alice], 0)
    await advance(1)
    t.same((await here.reap()).userIds, [alice])
    await here.acknowledge(reaped)
    await advance(CLAIM_MS)
    t.same(await reapAll(there), [alice])
  })

  await t.test('an arrival at the same time as a reap has a turn only when the reap claimed the user', async t => {
    const { here, there } = await afterGrace(t)
    const [{ userIds }, { turned }] = await Promise.all([here.reap(), there.arrive(alice)])
    t.equal(turned, userIds.includes(alice))
    t.same(await here.online([alice]), [alice])
  })
}
