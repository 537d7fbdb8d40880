import { once } from 'node:events'
import { createServer, connect as dial, type Server, type Socket } from 'node:net'
import type { Test } from 'tap'
import { type RedisServer, startRedis, startRedisCluster } from '../../../infra/scripts/redis.ts'
import type { Address } from '../src/redis/connection.ts'
import { clusterRoute, type Route, singleRoute } from '../src/redis/route.ts'
import { type RedisStore, redisStore } from '../src/redis/store.ts'
import { keyOf, type Tag, tags } from '../src/redis/tags.ts'

const BIN = process.env.TEST_REDIS_BIN ?? ''

/** Skip option of a test that needs a Redis server. */
export function needsRedis(): { skip: string | false } {
  return { skip: BIN === '' && 'TEST_REDIS_BIN names no folder with redis-server' }
}

/** A Redis for tests, and what its users have to know. */
export interface TestRedis {
  readonly servers: readonly RedisServer[]
  /** The tags of stores: one on a single Redis, all of them on a Cluster. */
  readonly tags: readonly Tag[]
  /** A new route, closed when `t` ends. `translate` as in `clusterRoute`. */
  route(t: Test, translate?: (address: Address) => Address): Route
  /** Empties every node. */
  flush(): Promise<void>
}

/** A single Redis, stopped when `t` ends. */
export async function singleRedis(t: Test, settings: Readonly<Record<string, string>> = {}): Promise<TestRedis> {
  const server = await startRedis(BIN, settings)
  t.teardown(() => server.stop())
  const address = `127.0.0.1:${server.port}`
  return {
    servers: [server],
    tags: tags.slice(0, 1),
    route: (_, translate = same => same) => singleRoute(translate(address)),
    flush: async () => void (await server.cli('FLUSHALL'))
  }
}

/** A Redis Cluster, stopped when `t` ends. */
export async function clusterRedis(t: Test): Promise<TestRedis> {
  const { nodes, stop } = await startRedisCluster(BIN)
  t.teardown(stop)
  return {
    servers: nodes,
    tags,
    route(t, translate = same => same) {
      const seeds = nodes.map(({ port }) => translate(`127.0.0.1:${port}`))
      const route = clusterRoute(seeds, {}, translate)
      t.teardown(() => route.close())
      return route
    },
    async flush() {
      for (const node of nodes) await node.cli('FLUSHALL').catch(() => {}) // a replica refuses, and follows its master
    }
  }
}

/** A store on `redis` that can be used, closed when `t` ends. */
export async function openStore(t: Test, redis: TestRedis): Promise<RedisStore> {
  const route = redis.route(t)
  const store = redisStore(route, {})
  t.teardown(() => store.close())
  for (const tag of redis.tags)
    await answered(() => store.send(tag, 'GET', [keyOf(tag, 'none')]).catch(onlyUnreachable))
  return store
}

async function onlyUnreachable(error: unknown): Promise<boolean> {
  if ((error as { code?: string }).code === 'unreachable') return false
  throw error
}

async function answered(ask: () => Promise<unknown>): Promise<void> {
  while ((await ask()) === false) await new Promise(resolve => setImmediate(resolve))
}

/** A TCP proxy in front of one Redis node, which a test can cut. */
export interface Cuttable {
  readonly address: Address
  /** Breaks every connection, and refuses new ones. */
  cut(): void
  /** Lets connections through again. */
  mend(): void
}

/** A proxy in front of `127.0.0.1:port`, closed when `t` ends. */
export async function cuttable(t: Test, port: number): Promise<Cuttable> {
  const open = new Set<Socket>()
  let isCut = false
  const proxy: Server = createServer(client => {
    if (isCut) {
      client.destroy()
      return
    }
    const server = dial(port, '127.0.0.1')
    for (const [socket, other] of [
      [client, server],
      [server, client]
    ] as const) {
      open.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        open.delete(socket)
        other.destroy()
      })
      socket.setNoDelay(true).pipe(other)
    }
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const cut = () => {
    isCut = true
    for (const socket of open) socket.destroy()
  }
  t.teardown(() => {
    cut()
    proxy.close()
  })
  const address = proxy.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  return {
    address: `127.0.0.1:${address.port}`,
    cut,
    mend() {
      isCut = false
    }
  }
}
