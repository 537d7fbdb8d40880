import { randomUUID } from 'node:crypto'
import type { Test } from 'tap'
import type { BusListener } from '../src/bus.ts'
import { redisBus } from '../src/redis/bus.ts'
import { redisLimits } from '../src/redis/limits.ts'
import { redisPresence } from '../src/redis/presence.ts'
import { keyOf, tagOf } from '../src/redis/tags.ts'
import { redisTickets } from '../src/redis/tickets.ts'
import type { Topic } from '../src/topics.ts'
import { type Cuttable, cuttable, openStore, type TestRedis } from './redis.ts'
import { type BusNode, busSuite, type MakeBusNodes } from './suites/bus.ts'
import { limitsSuite } from './suites/limits.ts'
import { presenceSuite } from './suites/presence.ts'
import { presenceModel } from './suites/presence-model.ts'
import { LEASE_MS, type MakePresenceNodes } from './suites/presence-nodes.ts'
import { ticketsSuite } from './suites/tickets.ts'

/** Runs the suites of all ports on `redis`. `runs` is the number of random runs of the presence model. */
export async function redisSuites(t: Test, redis: TestRedis, runs: number): Promise<void> {
  const store = await openStore(t, redis)
  const { tags } = redis

  /** A new, empty cluster with a clock that only the test moves. */
  async function start() {
    await redis.flush()
    let now = 1_800_000_000_000
    const advance = (ms: number) => {
      now += ms
    }
    return { options: { tags, clock: () => now }, advance }
  }

  const makePresence: MakePresenceNodes = async () => {
    const { options, advance } = await start()
    const [here, there] = ['here', 'there'].map(gatewayId =>
      redisPresence(store, { gatewayId, leaseMs: LEASE_MS, ...options })
    )
    if (here === undefined || there === undefined) throw new Error('unreachable')
    return { here, there, advance: async ms => advance(ms) }
  }

  await t.test('the presence keeps the promises of every presence', t => presenceSuite(t, makePresence))
  await t.test('online and offline are told in turn', t => presenceModel(t, makePresence, runs))
  await t.test('the limits pass the suite of every limits port', t =>
    limitsSuite(t, async () => {
      const { options, advance } = await start()
      return { here: redisLimits(store, options), there: redisLimits(store, options), advance }
    })
  )
  await t.test('the tickets pass the suite of every tickets port', t =>
    ticketsSuite(t, async () => {
      const { options, advance } = await start()
      return { here: redisTickets(store, options), there: redisTickets(store, options), advance }
    })
  )
  await t.test('the bus passes the suite of every bus', t => busSuite(t, busNodes(redis)))
}

/** Makes two nodes of a bus on `redis`, each behind proxies of its own. */
function busNodes(redis: TestRedis): MakeBusNodes {
  return async (t, listeners) => {
    let skipped = 0
    const elapsed = () => performance.now() + skipped

    async function open(listener: BusListener): Promise<BusNode> {
      const proxies = new Map<string, Cuttable>()
      for (const { port } of redis.servers) proxies.set(`127.0.0.1:${port}`, await cuttable(t, port))
      const route = redis.route(t, address => proxies.get(address)?.address ?? address)
      const bus = redisBus({ route, credentials: {}, elapsed }, listener)
      t.teardown(() => bus.close())
      await bus.opened
      const unsubscribed = () => bus.subscribe([`user:${randomUUID()}` as Topic])
      return {
        bus,
        async disconnect() {
          for (const proxy of proxies.values()) proxy.cut()
          await refused(unsubscribed)
        },
        async reconnect() {
          for (const proxy of proxies.values()) proxy.mend()
        }
      }
    }

    return {
      nodes: [await open(listeners[0]), await open(listeners[1])],
      async inject(topic, bytes) {
        const channel = keyOf(tagOf(topic), topic)
        await redis.servers[0]?.cli('-c', 'SPUBLISH', channel, Buffer.from(bytes).toString()) // -c finds the owner
      },
      advance(ms) {
        skipped += ms
      }
    }
  }
}

async function refused(call: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await call()
    } catch {
      return
    }
  }
}
