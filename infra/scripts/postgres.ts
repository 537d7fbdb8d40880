import { execFile, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, chown, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The oldest supported PostgreSQL. */
const OLDEST = 15
/** How long a server may take to start, in milliseconds. */
const START_DEADLINE = 60_000
/** Ports tried, because another process may take a free port before PostgreSQL does. */
const PORTS_TRIED = 3

/** Where to look for PostgreSQL: in `override` alone if it is set, else in the folders of `path` and of `debian`. */
export interface Places {
  override?: string | undefined
  path: string
  debian: string
}

/** A PostgreSQL server for tests, whose data `stop` deletes. */
export interface Postgres {
  /** Connection string of the superuser. */
  url: string
  /** Stops the server and deletes its folder. It may be called twice. */
  stop(): Promise<void>
}

/** The places to look in, from the variables `POSTGRES_BIN` and `PATH`. */
export function placesOf(env: NodeJS.ProcessEnv): Places {
  return { override: env.POSTGRES_BIN, path: env.PATH ?? '', debian: '/usr/lib/postgresql' }
}

/** The folder with `initdb` and `postgres` of the newest version found, the first of several. Null when no version is at
 *  least 15. */
export async function findPostgres({ override, path, debian }: Places): Promise<string | null> {
  const versions = await readdir(debian).catch(() => [])
  const folders = override ? [override] : [...path.split(delimiter), ...versions.map(v => join(debian, v, 'bin'))]

  let newest: { folder: string; version: number } | null = null
  for (const folder of folders) {
    const version = folder === '' ? 0 : await versionIn(folder)
    if (version >= OLDEST && version > (newest?.version ?? 0)) newest = { folder, version }
  }
  return newest?.folder ?? null
}

/** Starts a server from the programs in `bin` on a free loopback port, with a new data folder in the system's temporary
 *  folder. For tests only: it does not sync to disk and needs no password on loopback. Root starts it as the unix user
 *  `postgres`, because PostgreSQL refuses to run as root.
 *  @throws Error when it is not ready within a minute. Nothing is left behind then. */
export async function startPostgres(bin: string): Promise<Postgres> {
  const owner = await unprivilegedOwner()
  const home = await mkdtemp(join(tmpdir(), 'rendezvous-postgres-'))
  try {
    const data = join(home, 'data')
    await mkdir(data, { mode: 0o700 })
    if (owner !== null) await Promise.all([home, data].map(folder => chown(folder, owner.uid, owner.gid)))
    const options = { ...owner, cwd: home, env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' } }
    await run(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'], options)
    const { port, end } = await listen(bin, data, options)
    return {
      url: `postgresql://postgres@127.0.0.1:${port}/postgres`,
      async stop() {
        await end()
        await rm(home, { recursive: true, force: true })
      }
    }
  } catch (error) {
    await rm(home, { recursive: true, force: true })
    throw error
  }
}

interface Server {
  port: number
  end(): Promise<void>
}

async function listen(bin: string, data: string, options: SpawnOptions): Promise<Server> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await listenOnce(bin, data, options, await freePort())
    } catch (error) {
      if (attempt === PORTS_TRIED) throw error
    }
  }
}

async function listenOnce(bin: string, data: string, options: SpawnOptions, port: number): Promise<Server> {
  // Detached, so that Ctrl-C in the terminal ends the tests first and they can close their connections.
  const server = spawn(join(bin, 'postgres'), settings(data, port), {
    ...options,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe']
  })
  const exited = new Promise<void>(resolve => {
    server.once('exit', () => resolve())
    server.once('error', () => resolve())
  })
  const end = async () => {
    server.kill('SIGINT') // PostgreSQL's fast shutdown; does nothing once the server has exited
    await exited
  }
  const output: string[] = []
  const ready = new Promise<boolean>(resolve => {
    if (server.stderr === null) return resolve(false)
    createInterface({ input: server.stderr }).on('line', line => {
      if (line.includes('ready to accept connections')) resolve(true)
      if (output.length < 50) output.push(line)
    })
  })
  const deadline = AbortSignal.timeout(START_DEADLINE)
  const failed = Promise.race([exited, once(deadline, 'abort')]).then(() => false)
  if (await Promise.race([ready, failed])) return { port, end }

  await end()
  throw new Error(`PostgreSQL did not start:\n${output.join('\n')}`)
}

function settings(data: string, port: number): string[] {
  const chosen = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 200,
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    logging_collector: 'off',
    lc_messages: 'C'
  }
  return ['-D', data, ...Object.entries(chosen).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}

/** The unix user to run PostgreSQL as: `postgres` if this process is root, else null for its own user. */
async function unprivilegedOwner(): Promise<{ uid: number; gid: number } | null> {
  if (process.getuid?.() !== 0) return null

  const idOf = async (flag: string) => Number((await run('id', [flag, 'postgres'])).stdout)
  const [uid, gid] = await Promise.all([idOf('-u'), idOf('-g')]).catch((cause: unknown) => {
    throw new Error('PostgreSQL refuses to run as root: create a unix user "postgres"', { cause })
  })
  return { uid, gid }
}

async function versionIn(folder: string): Promise<number> {
  try {
    await access(join(folder, 'initdb'))
    const { stdout } = await run(join(folder, 'postgres'), ['--version'], { timeout: 10_000 })
    return Number(/\d+/.exec(stdout)?.[0] ?? 0)
  } catch {
    return 0
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free loopback port')
  return address.port
}
