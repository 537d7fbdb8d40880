import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { full, unreachable } from '../error.ts'
import { type Address, type Argument, type Connection, type Credentials, connect, replyCodeOf } from './connection.ts'
import type { Route } from './route.ts'
import type { Tag } from './tags.ts'

/** Tries of one call while its slot moves from one node to another, and the time between two. */
const TRIES = 5
const BETWEEN_MS = 50

/** A Lua script, which Redis runs at once and as a whole. */
export interface Script {
  readonly source: string
  readonly sha: string
}

/** A script that Redis knows by the hash of `source`. */
export function script(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') }
}

/** The commands of presence, limits and tickets, each sent to the node that owns its keys. */
export interface RedisStore {
  /** Runs `script` on keys of `tag`. It follows keys that move, and may then run the script twice: the second time the
   *  first had no effect.
   *  @throws ClusterError `unreachable`, and `full` when the script says FULL or Redis is out of memory. */
  run(script: Script, tag: Tag, keys: readonly string[], args: readonly Argument[]): Promise<unknown>
  /** Sends one command for keys of `tag`. Errors are those of `run`. */
  send(tag: Tag, command: string, args: readonly Argument[]): Promise<unknown>
  close(): void
}

/** A store with one connection to each node of `route`. */
export function redisStore(route: Route, credentials: Credentials): RedisStore {
  const connections = new Map<Address, Connection>()

  const connectionOf = (address: Address): Connection => {
    const known = connections.get(address)
    if (known !== undefined) return known
    const opened = connect(address, credentials)
    connections.set(address, opened)
    return opened
  }

  function dropUnused(): void {
    const used = route.addresses()
    for (const [address, connection] of connections) {
      if (used.includes(address)) continue
      connection.close()
      connections.delete(address)
    }
    for (const address of used) connectionOf(address)
  }

  async function attempt(tag: Tag, call: (send: Send) => Promise<unknown>): Promise<unknown> {
    let asked: Address | null = null
    for (let tries = 1; ; tries += 1) {
      const address = asked ?? route.addressOf(tag)
      if (address === null) throw unreachable()
      try {
        return await call(sender(connectionOf(address), asked !== null))
      } catch (error) {
        const code = replyCodeOf(error)
        if (code === null) throw error
        if (code === 'FULL' || code === 'OOM') throw full('entry')
        if (!movingCodes.has(code) || tries === TRIES) throw refusedBy(code, error)
        asked = code === 'ASK' ? route.translate(String(error).split(' ').at(-1) ?? '') : null
        if (code === 'TRYAGAIN') await delay(BETWEEN_MS)
        if (code !== 'ASK') await route.refresh()
      }
    }
  }

  route.onChange(dropUnused)
  dropUnused()

  return {
    run(script, tag, keys, args) {
      const rest = [keys.length, ...keys, ...args]
      return attempt(tag, async send => {
        try {
          return await send('EVALSHA', [script.sha, ...rest])
        } catch (error) {
          if (replyCodeOf(error) !== 'NOSCRIPT') throw error
          return await send('EVAL', [script.source, ...rest])
        }
      })
    },
    send: (tag, command, args) => attempt(tag, send => send(command, args)),
    close() {
      for (const connection of connections.values()) connection.close()
    }
  }
}

type Send = Connection['send']

/** Sends to `connection`. While a slot moves, its new owner takes a command only right after `ASKING`. */
function sender(connection: Connection, asking: boolean): Send {
  if (!asking) return connection.send
  return (command, args) => {
    connection.send('ASKING', []).catch(() => {}) // the command itself fails then
    return connection.send(command, args)
  }
}

/** Answers of a node whose slot is moving, or has moved. */
const movingCodes: ReadonlySet<string> = new Set(['MOVED', 'ASK', 'TRYAGAIN'])
/** Answers of a node that cannot serve now. */
const unavailableCodes: ReadonlySet<string> = new Set([
  ...movingCodes,
  'CLUSTERDOWN',
  'LOADING',
  'MASTERDOWN',
  'READONLY',
  'NOREPLICAS',
  'MISCONF',
  'BUSY'
])

/** An unavailable node is unreachable; any other answer is a bug or a missing right, and is passed on. */
function refusedBy(code: string, error: unknown): unknown {
  return unavailableCodes.has(code) ? unreachable() : error
}
