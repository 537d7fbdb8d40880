import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { link, mkdir, readdir, realpath, rm } from 'node:fs/promises'
import { createServer, connect as dial, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** `sun_path` less its final NUL, on the system that has the shortest one (macOS: 104 bytes; Linux: 108). */
const LONGEST_SOCKET_PATH = 103
/** Bytes that the name of a socket adds to its folder: a slash, a UUID and room for any generation. */
const LONGEST_NAME = 40

/** A folder that this process alone may use until `release`, or until the process ends in whatever way. */
export interface FolderLock {
  /** Lets the next one in. Safe to call twice. */
  release(): Promise<void>
}

/** Another live process holds the folder. */
export class FolderInUse extends Error {
  readonly code = 'FOLDER_IN_USE'
  readonly folder: string

  constructor(folder: string) {
    super(`${folder} is in use by another process. Stop that one first, or choose another folder.`)
    this.name = 'FolderInUse'
    this.folder = folder
  }
}

/** Locks `folder` (made when absent) against every other process of this machine. Whoever holds it listens on a unix
 *  socket, so the kernel itself lets go when the process dies, by `kill -9` too, and a restart goes on at once.
 *  The sockets stand in `folder/lock`, or in the system's temporary folder when that path is too long for a socket;
 *  on Windows the lock is a named pipe. It does not keep the process alive.
 *  @throws FolderInUse when a live process (this one included) holds it */
export async function lockFolder(folder: string): Promise<FolderLock> {
  await mkdir(folder, { recursive: true })
  const real = await realpath(folder)
  const name = `rendezvous-${createHash('sha256').update(real).digest('hex').slice(0, 16)}`
  if (process.platform === 'win32') return lockPipe(folder, `\\\\.\\pipe\\${name}`)

  const near = join(real, 'lock')
  const fits = Buffer.byteLength(near) + LONGEST_NAME <= LONGEST_SOCKET_PATH
  return lockGenerations(folder, fits ? near : join(tmpdir(), name))
}

async function lockPipe(folder: string, path: string): Promise<FolderLock> {
  try {
    return held(await listen(path))
  } catch (error) {
    throw codeOf(error) === 'EADDRINUSE' ? new FolderInUse(folder) : error
  }
}

/** Holders are numbered: the file `n` is a link to the socket of the n-th, and the highest number tells who holds the
 *  folder. A file appears under its number only after its socket listens, so a refused connection means dead for
 *  ever; a dead holder is succeeded by linking the next number, which only one can; and the highest file is never
 *  removed, so numbers never start again. To replace one well-known socket instead would let two processes that both
 *  found it dead remove each other's. */
async function lockGenerations(folder: string, sockets: string): Promise<FolderLock> {
  await mkdir(sockets, { recursive: true, mode: 0o700 })
  const own = join(sockets, randomUUID())
  const server = await listen(own)
  try {
    for (;;) {
      const last = Math.max(0, ...(await generations(sockets)))
      if (last > 0 && (await isAlive(join(sockets, String(last))))) throw new FolderInUse(folder)
      if (await succeed(own, sockets, last + 1)) return held(server)
    }
  } catch (error) {
    await held(server).release()
    throw error
  } finally {
    await rm(own, { force: true })
  }
}

/** Publishes the socket `own` as generation `number`; false when somebody else was sooner. */
async function succeed(own: string, sockets: string, number: number): Promise<boolean> {
  const path = join(sockets, String(number))
  try {
    await link(own, path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
  const all = await generations(sockets)
  if (all.some(other => other > number)) {
    await rm(path, { force: true }) // we were so slow that our number was used and removed meanwhile
    return false
  }
  const past = all.filter(other => other < number)
  await Promise.all(past.map(other => rm(join(sockets, String(other)), { force: true })))
  return true
}

async function generations(sockets: string): Promise<number[]> {
  const names = await readdir(sockets)
  return names.filter(name => /^\d+$/.test(name)).map(Number)
}

async function isAlive(path: string): Promise<boolean> {
  const socket = dial(path)
  try {
    await once(socket, 'connect')
    return true
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ECONNREFUSED' || code === 'ENOENT') return false
    if (code === 'EAGAIN') return true // its queue of connections is full: somebody listens
    throw error
  } finally {
    socket.destroy()
  }
}

async function listen(path: string): Promise<Server> {
  const server = createServer(socket => socket.destroy()).listen(path)
  await once(server, 'listening')
  return server.unref()
}

function held(server: Server): FolderLock {
  return {
    async release() {
      await new Promise<void>(resolve => server.close(() => resolve()))
    }
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
