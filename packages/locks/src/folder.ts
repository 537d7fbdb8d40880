import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { link, mkdir, readdir, realpath, rm } from 'node:fs/promises'
import { createServer, connect as dial, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OperatorError, systemCode } from '@rendezvous/lifecycle'
import { folderFailure, privateFolder } from './private-folder.ts'

/** Bytes of `sun_path` without its final NUL, where it is shortest (macOS: 104 bytes; Linux: 108). */
const LONGEST_SOCKET_PATH = 103
/** Bytes that a socket's name adds to its folder's path: a slash and a UUID. Generation numbers are shorter. */
const LONGEST_NAME = 40

/** A lock on a folder. This process holds it until `release`, or until the process ends, by `kill -9` too. */
export interface FolderLock {
  /** What the operator should know about who can enter the folder; null when only its owner can. */
  readonly notice: string | null
  /** Unlocks the folder. A second call does nothing. */
  release(): Promise<void>
}

/** Another live process holds the lock on the folder. */
export class FolderInUse extends OperatorError {
  readonly code = 'FOLDER_IN_USE'
  readonly folder: string

  constructor(folder: string) {
    super(`${folder} is in use by another process. Stop that process first, or choose another folder.`)
    this.name = 'FolderInUse'
    this.folder = folder
  }
}

/** Locks `folder` against every other process of this machine, and closes it to other users (see `privateFolder`). The holder listens on a unix
 *  socket, so the kernel frees the lock when the process dies, and a restart can lock at once. The sockets are in
 *  `folder/lock`, or in the system's temporary folder when that path is too long for a socket. On Windows the lock is
 *  a named pipe. The lock does not keep the process alive.
 *  @throws FolderInUse when a live process (this one included) holds the lock
 *  @throws OperatorError that names the folder when it is a file, or cannot be created or written */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const notice = await privateFolder(folder)
  try {
    return { notice, release: await lock(folder) }
  } catch (error) {
    throw folderFailure(error, folder) ?? error
  }
}

type Release = FolderLock['release']

async function lock(folder: string): Promise<Release> {
  const real = await realpath(folder)
  const name = `rendezvous-${createHash('sha256').update(real).digest('hex').slice(0, 16)}`
  if (process.platform === 'win32') return lockPipe(folder, `\\\\.\\pipe\\${name}`)

  const near = join(real, 'lock')
  const fits = Buffer.byteLength(near) + LONGEST_NAME <= LONGEST_SOCKET_PATH
  return lockGenerations(folder, fits ? near : join(tmpdir(), name))
}

async function lockPipe(folder: string, path: string): Promise<Release> {
  try {
    return held(await listen(path))
  } catch (error) {
    throw systemCode(error) === 'EADDRINUSE' ? new FolderInUse(folder) : error
  }
}

/** Each holder has a number, its generation. The file `n` links to the socket of generation n, and the highest number
 *  is the current holder. A file appears only after its socket listens, so a refused connection means that the holder
 *  is dead for ever. A process succeeds a dead holder by linking the next number; only one process can do that.
 *  The highest file is never removed, so numbers are never used twice. One socket with a fixed name would not do:
 *  two processes that both found it dead would remove each other's. */
async function lockGenerations(folder: string, sockets: string): Promise<Release> {
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
    await held(server)()
    throw error
  } finally {
    await rm(own, { force: true })
  }
}

/** Publishes the socket `own` as generation `number`; false when another process took that number first. */
async function succeed(own: string, sockets: string, number: number): Promise<boolean> {
  const path = join(sockets, String(number))
  try {
    await link(own, path)
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw error
  }
  const all = await generations(sockets)
  if (all.some(other => other > number)) {
    await rm(path, { force: true }) // another process used and removed this number before us
    return false
  }
  const older = all.filter(other => other < number)
  await Promise.all(older.map(other => rm(join(sockets, String(other)), { force: true })))
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
    const code = systemCode(error)
    if (code === 'ECONNREFUSED' || code === 'ENOENT') return false
    if (code === 'EAGAIN') return true // its queue of connections is full, so a process listens
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

function held(server: Server): Release {
  return async () => {
    await new Promise<void>(resolve => server.close(() => resolve()))
  }
}
