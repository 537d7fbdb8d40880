import { Redis, type RedisOptions, ReplyError } from 'ioredis'
import { unreachable } from '../error.ts'

/** The longest time that a reply may take, in milliseconds. A connection that takes longer is replaced. */
const REPLY_MS = 1_000
const CONNECT_MS = 2_000
const RETRY_MIN_MS = 50
const RETRY_MAX_MS = 2_000

/** Host and port of a Redis node: `127.0.0.1:6379`. */
export type Address = string

/** An argument of a command. */
export type Argument = string | number | Buffer

/** What a connection needs besides an address. */
export type Credentials = Pick<RedisOptions, 'username' | 'password' | 'tls' | 'db'>

/** Receives what a subscribed connection hears. */
export interface ConnectionListener {
  /** The connection is up, again or for the first time. It has no subscription. */
  onReady?(): unknown
  /** The connection is gone, with all its subscriptions. Commands under way have failed. */
  onLost?(): void
  /** The node ended subscriptions by itself: their slots moved to another node. */
  onMoved?(): void
  onMessage?(channel: string, bytes: Buffer): void
}

/** One connection to one Redis node. It reconnects by itself, and repeats no command: a command whose reply did not
 *  come may have taken effect. Commands of one connection take effect in the order of the calls. */
export interface Connection {
  readonly address: Address
  /** Whether commands can be sent. */
  readonly ready: boolean
  /** Sends a command. All commands of one turn of the event loop go out in one write.
   *  @throws ClusterError `unreachable` when the connection is down, breaks, or the reply takes over `REPLY_MS`.
   *  @throws ReplyError of the node. */
  send(command: string, args: readonly Argument[]): Promise<unknown>
  /** Subscribes shard channels of one slot. Resolves when the node confirmed all. Errors are those of `send`. */
  subscribe(channels: readonly string[]): Promise<void>
  unsubscribe(channels: readonly string[]): Promise<void>
  /** Breaks the connection and opens a new one. */
  reset(): void
  close(): void
}

interface Sent {
  readonly command: string
  readonly args: readonly Argument[]
  readonly resolve: (reply: unknown) => void
  readonly reject: (error: Error) => void
}

/** Opens a connection. It never rejects or throws: `ready` and the listener tell its state. */
export function connect(address: Address, credentials: Credentials, listener: ConnectionListener = {}): Connection {
  const redis: Redis = new Redis(optionsOf(address, credentials))
  let waiting: Sent[] = []

  redis.on('error', () => {}) // each error is also a close, or the rejection of a command
  redis.on('ready', () => listener.onReady?.())
  redis.on('close', () => listener.onLost?.())
  redis.on('moved', () => listener.onMoved?.())
  redis.on('smessageBuffer', (channel: Buffer, bytes: Buffer) => listener.onMessage?.(channel.toString(), bytes))

  const reset = () => redis.disconnect(true)

  function flush(): void {
    const batch = waiting
    waiting = []
    if (redis.status !== 'ready') {
      for (const { reject } of batch) reject(unreachable())
      return
    }
    const pipeline = redis.pipeline()
    for (const { command, args } of batch) pipeline.call(command, ...args)
    settle(batch, within(pipeline.exec(), reset))
  }

  return {
    address,
    get ready() {
      return redis.status === 'ready'
    },
    send(command, args) {
      return new Promise((resolve, reject) => {
        waiting.push({ command, args, resolve, reject })
        if (waiting.length === 1) process.nextTick(flush)
      })
    },
    async subscribe(channels) {
      if (redis.status !== 'ready') throw unreachable()
      await within(redis.ssubscribe(...channels).catch(nodeErrorOnly), reset)
    },
    async unsubscribe(channels) {
      if (redis.status !== 'ready') throw unreachable()
      await within(redis.sunsubscribe(...channels).catch(nodeErrorOnly), reset)
    },
    reset,
    close: () => redis.disconnect()
  }
}

/** Whether `error` is the node's own answer, and its first word: `MOVED`, `OOM`, `LOADING`. Null for other errors. */
export function replyCodeOf(error: unknown): string | null {
  return error instanceof ReplyError ? (String((error as Error).message).split(' ', 1)[0] ?? '') : null
}

function optionsOf(address: Address, credentials: Credentials) {
  const at = address.lastIndexOf(':')
  return {
    ...credentials,
    host: address.slice(0, at),
    port: Number(address.slice(at + 1)),
    connectTimeout: CONNECT_MS,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt: number) =>
      Math.min(RETRY_MIN_MS * 2 ** Math.min(attempt, 10), RETRY_MAX_MS) * (0.5 + Math.random() / 2)
  }
}

type Replies = Awaited<ReturnType<ReturnType<Redis['pipeline']>['exec']>>

function settle(batch: readonly Sent[], replies: Promise<Replies>): void {
  replies.then(
    all => {
      for (const [n, { resolve, reject }] of batch.entries()) {
        const [error, reply] = all?.[n] ?? [unreachable(), undefined]
        if (error === null) resolve(reply)
        else reject(error instanceof ReplyError ? (error as Error) : unreachable())
      }
    },
    (error: unknown) => {
      for (const { reject } of batch) reject(error instanceof ReplyError ? (error as Error) : unreachable())
    }
  )
}

function nodeErrorOnly(error: unknown): never {
  throw error instanceof ReplyError ? error : unreachable()
}

/** The result of `reply` if it comes in time; else calls `late` and rejects with `unreachable`. */
function within<T>(reply: Promise<T>, late: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(unreachable())
      late()
    }, REPLY_MS)
    const settle =
      <V>(end: (value: V) => void) =>
      (value: V) => {
        clearTimeout(timer)
        end(value)
      }
    reply.then(settle(resolve), settle(reject))
  })
}
