import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The oldest supported Redis: the first with sharded pub/sub. */
const OLDEST = 7
/** How long a server, or a Cluster, may take to start, in milliseconds. */
const START_DEADLINE = 60_000
/** Ports tried, because another process may take a free port first. */
const PORTS_TRIED = 3
/** A Cluster's nodes talk to one another at their port plus 10,000, which must be below 65,536. */
const CLUSTER_PORT_MAX = 55_535
const MASTERS = 3

/** A Redis server for tests. Its data is in a temporary folder, which `stop` deletes. */
export interface RedisServer {
  readonly port: number
  readonly pid: number
  /** Runs `redis-cli` and answers what it prints. */
  cli(...args: readonly string[]): Promise<string>
  /** Sends a signal to the server: SIGSTOP hangs it, SIGCONT ends that. */
  signal(name: NodeJS.Signals): void
  /** Kills the server, and resolves when it is gone. */
  kill(): Promise<void>
  /** Kills the server and deletes its folder. It may be called twice. */
  stop(): Promise<void>
}

/** A Redis Cluster for tests: three masters, each with a replica. */
export interface RedisCluster {
  readonly nodes: readonly RedisServer[]
  stop(): Promise<void>
}

/** The folder with `redis-server` and `redis-cli`: `REDIS_BIN`, or one of `PATH`. Null when none has version 7. */
export async function findRedis(env: NodeJS.ProcessEnv): Promise<string | null> {
  const folders = env.REDIS_BIN ? [env.REDIS_BIN] : (env.PATH ?? '').split(delimiter)
  for (const folder of folders) if (folder !== '' && (await versionIn(folder)) >= OLDEST) return folder
  return null
}

/** Starts a server from the programs in `bin` on a free loopback port, with `settings` as `redis.conf` has them.
 *  @throws Error when it is not ready within a minute. Nothing is left behind then. */
export async function startRedis(bin: string, settings: Readonly<Record<string, string>> = {}): Promise<RedisServer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(bin, settings, await freePort())
    } catch (error) {
      if (attempt === PORTS_TRIED) throw error
    }
  }
}

/** Starts a Cluster, as production would have it but for `settings`.
 *  @throws Error when it is not ready within a minute. Nothing is left behind then. */
export async function startRedisCluster(
  bin: string,
  settings: Readonly<Record<string, string>> = {}
): Promise<RedisCluster> {
  const cluster = {
    'cluster-enabled': 'yes',
    'cluster-node-timeout': '2000',
    'cluster-allow-pubsubshard-when-down': 'no',
    'repl-diskless-sync-delay': '0',
    ...settings
  }
  const nodes: RedisServer[] = []
  const stop = async () => void (await Promise.all(nodes.map(node => node.stop())))
  try {
    for (let n = 0; n < 2 * MASTERS; n += 1) nodes.push(await startRedis(bin, cluster))
    const places = nodes.map(({ port }) => `127.0.0.1:${port}`)
    const args = ['--cluster', 'create', ...places, '--cluster-replicas', '1', '--cluster-yes']
    await run(join(bin, 'redis-cli'), args, { timeout: START_DEADLINE })
    for (const node of nodes) await stateOk(node)
    return { nodes, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startOnce(bin: string, settings: Readonly<Record<string, string>>, port: number): Promise<RedisServer> {
  const home = await mkdtemp(join(tmpdir(), 'rendezvous-redis-'))
  const chosen = { port: `${port}`, bind: '127.0.0.1', save: '', appendonly: 'no', dir: home, ...settings }
  const args = Object.entries(chosen).flatMap(([name, value]) => [`--${name}`, value])
  // Detached, so that Ctrl-C in the terminal ends the tests first and they can close their connections.
  const server = spawn(join(bin, 'redis-server'), args, { detached: true, stdio: ['ignore', 'pipe', 'ignore'] })
  const exited = new Promise<void>(resolve => {
    server.once('exit', () => resolve())
    server.once('error', () => resolve())
  })
  const kill = async () => {
    server.kill('SIGKILL') // does nothing once the server has exited
    await exited
  }
  const stop = async () => {
    await kill()
    await rm(home, { recursive: true, force: true })
  }
  const output: string[] = []
  const ready = new Promise<boolean>(resolve => {
    createInterface({ input: server.stdout }).on('line', line => {
      if (line.includes('Ready to accept connections')) resolve(true)
      if (output.length < 50) output.push(line)
    })
  })
  const deadline = AbortSignal.timeout(START_DEADLINE)
  const failed = Promise.race([exited, once(deadline, 'abort')]).then(() => false)
  if (await Promise.race([ready, failed])) {
    const cli = async (...args: readonly string[]) =>
      (await run(join(bin, 'redis-cli'), ['-p', `${port}`, ...args], { timeout: START_DEADLINE })).stdout.trim()
    return { port, pid: server.pid ?? 0, cli, signal: name => void server.kill(name), kill, stop }
  }

  await stop()
  throw new Error(`Redis did not start:\n${output.join('\n')}`)
}

/** Resolves when the node serves the Cluster and, if it is a replica, can take the place of its master. Asks again until
 *  it says so: it has no event for it. */
async function stateOk(node: RedisServer): Promise<void> {
  const deadline = Date.now() + START_DEADLINE
  while (Date.now() < deadline) {
    const serves = (await node.cli('CLUSTER', 'INFO')).includes('cluster_state:ok')
    const replication = await node.cli('INFO', 'replication')
    if (serves && !replication.includes('master_link_status:down')) return
  }
  throw new Error('the Redis Cluster did not become ready')
}

async function versionIn(folder: string): Promise<number> {
  try {
    const { stdout } = await run(join(folder, 'redis-server'), ['--version'], { timeout: 10_000 })
    await run(join(folder, 'redis-cli'), ['--version'], { timeout: 10_000 })
    return Number(/v=(\d+)/.exec(stdout)?.[1] ?? 0)
  } catch {
    return 0
  }
}

async function freePort(): Promise<number> {
  for (;;) {
    const probe = createServer().listen(0, '127.0.0.1')
    await once(probe, 'listening')
    const address = probe.address()
    probe.close()
    await once(probe, 'close')
    if (address === null || typeof address === 'string') throw new Error('no free loopback port')
    if (address.port <= CLUSTER_PORT_MAX) return address.port
  }
}
