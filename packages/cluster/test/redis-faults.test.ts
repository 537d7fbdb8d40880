import type { UserId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import type { Envelope } from '../src/envelope.ts'
import { type RedisBus, redisBus } from '../src/redis/bus.ts'
import { redisLimits } from '../src/redis/limits.ts'
import { redisPresence } from '../src/redis/presence.ts'
import { slotOfTag, tagOf, tags } from '../src/redis/tags.ts'
import { redisTickets } from '../src/redis/tickets.ts'
import { type Topic, userTopic } from '../src/topics.ts'
import { clusterRedis, needsRedis, openStore, singleRedis, type TestRedis } from './redis.ts'
import { type Recorder, recorder } from './suites/recorder.ts'

const alice = userTopic(1 as UserId)
const envelopeOf = (text: string): Envelope => ({ header: { kind: 'courtesy' }, frames: [JSON.stringify({ text })] })

interface Node {
  readonly bus: RedisBus
  readonly heard: Recorder
}

async function openNode(t: Test, redis: TestRedis): Promise<Node> {
  const heard = recorder()
  const bus = redisBus({ route: redis.route(t), credentials: {} }, heard)
  t.teardown(() => bus.close())
  await bus.opened
  return { bus, heard }
}

const publish = (bus: RedisBus, text: string, topic: Topic = alice) =>
  bus.publish([{ topics: [topic], envelope: envelopeOf(text) }])

/** Calls until it resolves, as the outbox does. */
async function eventually(call: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await call()
      return
    } catch (error) {
      if ((error as { code?: string }).code !== 'unreachable') throw error
    }
    await new Promise(resolve => setImmediate(resolve))
  }
}

/** The next interruption; messages before it are dropped. */
async function interruption(heard: Recorder): Promise<readonly Topic[]> {
  for (;;) {
    const call = await heard.next()
    if ('interrupted' in call) return call.interrupted === 'all' ? [] : call.interrupted
  }
}

/** The interrupted topics, and that messages flow again. */
async function hears(t: Test, from: Node, to: Node, topic: Topic = alice): Promise<void> {
  await eventually(() => publish(from.bus, 'after', topic))
  for (;;) {
    const call = await to.heard.next()
    if (!('topic' in call)) continue
    t.equal(call.topic, topic, 'messages flow again')
    return
  }
}

t.test('a single Redis', needsRedis(), async t => {
  const redis = await singleRedis(t, { 'enable-debug-command': 'local' })
  const [server] = redis.servers
  if (server === undefined) throw new Error('no server')

  await t.test('a subscriber whose connection Redis cut is told, and hears again', async t => {
    const [here, there] = [await openNode(t, redis), await openNode(t, redis)]
    await there.bus.subscribe([alice])
    await server.cli('CLIENT', 'KILL', 'TYPE', 'pubsub')
    t.same(await interruption(there.heard), [alice])
    t.ok((there.heard.losses.at(-1) ?? 0) < 60_000, 'only what was accepted lately is lost')
    await hears(t, here, there)
  })

  await t.test('while Redis hangs every call is refused, and afterwards the interruption is told', async t => {
    const [here, there] = [await openNode(t, redis), await openNode(t, redis)]
    const store = await openStore(t, redis)
    await there.bus.subscribe([alice])
    server.signal('SIGSTOP')
    try {
      await t.rejects(publish(here.bus, 'x'), { code: 'unreachable' })
      await t.rejects(redisTickets(store, redis).redeem('a'.repeat(43)), { code: 'unreachable' })
      t.same(await Promise.race([interruptedOrRefused(there), there.heard.next()]), 'refused')
    } finally {
      server.signal('SIGCONT')
    }
    t.same(await interruption(there.heard), [alice])
    await hears(t, here, there)
  })

  await t.test('a Redis that lost its memory gives up every lease', async t => {
    const store = await openStore(t, redis)
    const presence = redisPresence(store, { gatewayId: 'one', leaseMs: 10_000, tags: redis.tags })
    await presence.arrive(1 as UserId)
    t.same(await presence.renew(), { lost: false })
    await redis.flush()
    t.same(await presence.renew(), { lost: true })
    t.same(await presence.arrive(1 as UserId), { turned: true })
  })

  await t.test('leases, limits and tickets go by the clock of Redis', async t => {
    const store = await openStore(t, redis)
    const presence = redisPresence(store, { gatewayId: 'two', leaseMs: 10_000, tags: redis.tags })
    await presence.declare(2 as UserId, 'online', 0)
    const { seenAt } = await presence.reap()
    const [seconds = 0] = (await server.cli('TIME')).split('\n').map(Number)
    t.ok(Math.abs((seenAt[0] ?? 0) - seconds * 1_000) < 60_000, 'a time of Redis')
    const limits = redisLimits(store, redis)
    t.match(await limits.take('once', { limit: 1, windowMs: 3_600_000 }), { allowed: true })
    t.match(await limits.take('once', { limit: 1, windowMs: 3_600_000 }), { allowed: false })
    const tickets = redisTickets(store, redis)
    const claims = { userId: 1 as UserId, sessionId: 's', tokenId: 't', expiresAt: 1 }
    t.same(await tickets.redeem(await tickets.issue(claims, 60_000)), claims)
  })

  await t.test('a store without room says so, and forgets nobody', async t => {
    const store = await openStore(t, redis)
    await redis.flush()
    const presence = redisPresence(store, { gatewayId: 'full', leaseMs: 10_000, tags: redis.tags, usersMax: 1 })
    await presence.arrive(1 as UserId)
    await t.rejects(presence.arrive(2 as UserId), { code: 'full' })
    const tickets = redisTickets(store, { tags: redis.tags, ticketsMax: 1 })
    const claims = { userId: 1 as UserId, sessionId: 's', tokenId: 't', expiresAt: 1 }
    const ticket = await tickets.issue(claims, 60_000)
    await t.rejects(tickets.issue(claims, 60_000), { code: 'full' })
    await server.cli('CONFIG', 'SET', 'maxmemory', '1')
    await t.rejects(presence.arrive(3 as UserId), { code: 'full' })
    await server.cli('CONFIG', 'SET', 'maxmemory', '0')
    t.same(await presence.online([1, 2, 3] as UserId[]), [1])
    t.same(await tickets.redeem(ticket), claims)
  })
})

async function interruptedOrRefused({ bus }: Node): Promise<string> {
  for (;;) {
    const answer = await bus.subscribe([userTopic(9 as UserId)]).catch((error: { code?: string }) => error.code)
    if (answer === 'unreachable') return 'refused'
  }
}

t.test('a Redis Cluster', needsRedis(), async t => {
  const redis = await clusterRedis(t)
  const owner = async (topic: Topic) => {
    const [first] = redis.servers
    const slots = (await first?.cli('CLUSTER', 'NODES')) ?? ''
    const slot = slotOfTag[tagOf(topic)] ?? 0
    const line = slots.split('\n').find(each => {
      const ranges = each.split(' ').slice(8)
      return ranges.some(range => {
        const [from = -1, to = from] = range.split('-').map(Number)
        return from <= slot && slot <= to
      })
    })
    const port = Number(/:(\d+)@/.exec(line ?? '')?.[1])
    const server = redis.servers.find(each => each.port === port)
    if (server === undefined) throw new Error('nobody owns the slot')
    return { server, id: line?.split(' ')[0] ?? '', slot }
  }

  t.test('each master owns tags, and all tags have different slots', async t => {
    t.equal(new Set(slotOfTag).size, tags.length)
    t.ok(
      new Set(await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(async n => (await owner(userTopic(n as UserId))).id)))
        .size > 1
    )
  })

  await t.test('a slot that moves to another master interrupts its topics alone', async t => {
    const [here, there] = [await openNode(t, redis), await openNode(t, redis)]
    await there.bus.subscribe([alice])
    const from = await owner(alice)
    const others = [2, 3, 4, 5, 6, 7, 8].map(n => userTopic(n as UserId))
    const to = (await Promise.all(others.map(owner))).find(each => each.id !== from.id)
    if (to === undefined) throw new Error('one master owns everything')
    await to.server.cli('CLUSTER', 'SETSLOT', `${from.slot}`, 'IMPORTING', from.id)
    await from.server.cli('CLUSTER', 'SETSLOT', `${from.slot}`, 'MIGRATING', to.id)
    await to.server.cli('CLUSTER', 'SETSLOT', `${from.slot}`, 'NODE', to.id)
    await from.server.cli('CLUSTER', 'SETSLOT', `${from.slot}`, 'NODE', to.id)
    t.same(await interruption(there.heard), [alice])
    await hears(t, here, there)
  })

  await t.test('after a master dies its replica serves, and its topics are interrupted', async t => {
    const [here, there] = [await openNode(t, redis), await openNode(t, redis)]
    const store = await openStore(t, redis)
    await there.bus.subscribe([alice])
    const { server } = await owner(alice)
    await server.kill()
    t.same(await interruption(there.heard), [alice])
    await hears(t, here, there)
    const tickets = redisTickets(store, redis)
    const claims = { userId: 1 as UserId, sessionId: 's', tokenId: 't', expiresAt: 1 }
    let ticket = ''
    await eventually(async () => {
      ticket = await tickets.issue(claims, 60_000)
    })
    t.same(await tickets.redeem(ticket), claims)
  })
})
