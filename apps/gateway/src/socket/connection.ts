import type { Writable } from 'node:stream'
import type { ControlHeader } from '@rendezvous/cluster'
import {
  type Claims,
  type CloseCode,
  type ConversationId,
  closeCodes,
  conversationStream,
  type UserId
} from '@rendezvous/contract'
import type { WebSocket } from 'ws'
import { CommandReader, type CommandSender } from '../commands/reader.ts'
import type { Frame, RoomFrame } from '../hub/frame.ts'
import type { Loss } from '../hub/hub.ts'
import type { Node } from '../node.ts'
import { RETRY_MS } from '../rooms/room.ts'
import type { SocketQuota } from '../upgrade/quota.ts'
import { ConnectBuffer } from './connect-buffer.ts'
import { type Dialect, dialectOf } from './dialect.ts'
import { type Interruption, interruptionOf, merged } from './interruption.ts'
import { Liveness, type MonitoredSocket } from './liveness.ts'
import { listenTo, type SocketEvents } from './socket-events.ts'
import { Subscription, type SubscriptionOwner, type SubscriptionState } from './subscription.ts'
import { openWriter, type SocketWriter, type WriterOwner } from './writer.ts'

/** A client must not reconnect after a close code of this value or higher. */
const FIRST_FINAL_CODE = 4500

/** One socket, from the upgrade to its end. */
export interface Connection {
  /** Asks the client to reconnect after `afterMs`, and closes. */
  disconnect(afterMs: number): void
  /** Ends the connection without a close handshake. */
  terminate(): void
}

/** A socket after its upgrade. `stream` is the TCP connection beneath `socket`. */
interface UpgradedSocket {
  readonly socket: WebSocket
  readonly stream: Writable
  readonly claims: Claims
  readonly quota: SocketQuota
}

/** Called once, when the socket has closed. */
type OnClosed = (connection: Connection) => void

/** Serves the socket. Call it in the same turn of the event loop as the upgrade. */
export function connect(upgraded: UpgradedSocket, node: Node, onClosed: OnClosed): Connection {
  const connection = new SocketConnection(upgraded, node, onClosed)
  connection.serve()
  return connection
}

/** `connecting` until `ready` is sent. `closed` once this side closes the socket or learns that it closed. */
type State = 'connecting' | 'ready' | 'closed'

/**
 * One socket and its state. A class, because closures take more memory for each socket. It implements the callback
 * interfaces of its parts.
 */
class SocketConnection
  implements Connection, SocketEvents, WriterOwner, CommandSender, SubscriptionOwner, MonitoredSocket
{
  readonly node: Node
  readonly socket: WebSocket
  readonly stream: Writable
  readonly claims: Claims
  readonly quota: SocketQuota
  readonly #onClosed: OnClosed
  readonly #dialect: Dialect
  readonly #writer: SocketWriter
  readonly #commands: CommandReader
  readonly #liveness: Liveness
  readonly #subscription: Subscription
  #state: State = 'connecting'
  /** Holds frames until `ready` is sent. Null after that. */
  #connectBuffer: ConnectBuffer | null = new ConnectBuffer()
  #cancelRecovery: (() => void) | null = null
  /** An interruption whose lost events are not known yet. Null when there is none. */
  #interruption: Interruption | null = null

  constructor({ socket, stream, claims, quota }: UpgradedSocket, node: Node, onClosed: OnClosed) {
    this.node = node
    this.socket = socket
    this.stream = stream
    this.claims = claims
    this.quota = quota
    this.#onClosed = onClosed
    this.#dialect = dialectOf(socket.protocol)
    this.#writer = openWriter(this)
    this.#commands = new CommandReader(this)
    this.#liveness = new Liveness(this)
    this.#subscription = new Subscription(this)
  }

  get userId(): UserId {
    return this.claims.userId
  }

  get maxBuffered(): number {
    return this.node.settings.slowConsumerBytes
  }

  /** Call it once. */
  serve(): void {
    listenTo(this.socket, this)
    this.socket.pause() // until `ready`, TCP backpressure holds client frames
    this.#open().catch(error => {
      if (!this.#isClosed()) this.node.log(error, 'a socket could not be opened')
      this.endWith(closeCodes.unavailable)
    })
  }

  onMessage(data: Buffer, isBinary: boolean): void {
    if (!this.#isClosed()) this.#commands.read(data, isBinary)
  }

  onPing(data: Buffer): void {
    const mayAnswer = !this.#isClosed() && this.#commands.control() && this.socket.bufferedAmount <= this.maxBuffered
    if (mayAnswer) this.socket.pong(data)
  }

  onPong(): void {
    this.#liveness.pong()
    if (!this.#isClosed()) this.#commands.control()
  }

  onError(error: Error): void {
    this.node.debug(error, 'a socket failed')
    this.#stop()
    this.#liveness.awaitClose() // `ws` sends the close frame itself after a protocol error, so only wait for the close
  }

  onClose(): void {
    this.#stop()
    this.#liveness.stop()
    this.quota.release()
    this.#onClosed(this)
  }

  receive(frames: readonly Frame[]): void {
    if (this.#state === 'ready') for (const frame of frames) this.#write(frame)
    else if (this.#connectBuffer?.add(frames, this.maxBuffered) === false) this.endWith(closeCodes.slowConsumer)
  }

  control({ user_id, end_sessions, spare: exceptTokenId, code }: ControlHeader): void {
    if (user_id !== this.userId || this.claims.tokenId === exceptTokenId) return
    if (end_sessions === 'all' || end_sessions.includes(this.claims.sessionId)) this.endWith(closeCodeOf(code))
  }

  membersChanged(frame: RoomFrame): void {
    this.#subscription.membersChanged(frame).catch(error => {
      if (!this.#isClosed()) this.node.log(error, 'a room could not be entered')
      this.endWith(closeCodes.unavailable)
    })
  }

  resync(conversationId: ConversationId): void {
    if (this.#state !== 'ready') return // a client syncs after `ready`, so it needs no resync before
    this.send(this.node.serverFrames.resync(conversationStream(conversationId)))
  }

  onInterruption(losses: readonly Loss[]): void {
    this.#interruption = merged(this.#interruption, interruptionOf(losses, this.node.timers.elapsed()))
    if (this.#state === 'ready') this.#recoverSoon()
  }

  send(frame: string): void {
    this.#writer.send(frame)
  }

  ping(): void {
    this.socket.ping()
  }

  onSlow(): void {
    this.endWith(closeCodes.slowConsumer)
  }

  onTooMany(): void {
    this.endWith(closeCodes.badFrames)
  }

  onFlood(): void {
    this.endWith(closeCodes.flooding)
  }

  disconnect(afterMs: number): void {
    this.send(this.node.serverFrames.reconnect(afterMs))
    this.endWith(closeCodes.draining)
  }

  terminate(): void {
    this.socket.terminate()
  }

  endWith(code: CloseCode): void {
    if (this.#isClosed()) return
    this.#stop()
    // the session is no longer valid, so do not run its queued commands
    if (code.code >= FIRST_FINAL_CODE || code === closeCodes.tokenExpired) this.#commands.stop()
    this.#writer.flush()
    this.socket.resume() // a paused socket would not read the client's close frame
    this.socket.close(code.code, code.reason)
    this.#liveness.awaitClose()
  }

  async #open(): Promise<void> {
    const state = await this.#subscription.open()
    if (state === null) return // the socket closed meanwhile
    if (state.alive) this.#start(state)
    else this.endWith(closeCodes.sessionEnded)
  }

  #start({ online, head }: SubscriptionState): void {
    const { node, userId } = this
    const buffer = this.#connectBuffer
    this.#connectBuffer = null
    this.#state = 'ready'
    this.#liveness.ready()
    this.send(node.serverFrames.snapshot([...online]))
    const facts = { dialect: this.#dialect, heartbeat_ms: node.settings.heartbeatIntervalMs, head }
    this.send(node.serverFrames.ready({ user_id: userId, session_id: this.claims.sessionId, ...facts }))
    for (const frame of buffer?.frames ?? []) this.#write(frame)
    if (this.#interruption !== null) this.#recoverSoon()
    this.socket.resume()
    // a legacy client cannot report deliveries, so the gateway does it
    if (this.#dialect === 'legacy')
      node.backend
        .deliverWaiting(userId)
        .catch(error => node.log(error, 'waiting messages could not be reported as delivered'))
  }

  #recoverSoon(): void {
    const { timers, random, settings } = this.node
    this.#cancelRecovery ??= timers.after(random() * settings.resyncSpreadMs, () => this.#recover(true))
  }

  /** Recovers from an interruption. The session may have ended and the user may have joined rooms. If the api fails,
   *  tells the client once to resync everything, then retries. */
  #recover(isFirst: boolean): void {
    const { serverFrames, log, timers } = this.node
    const interruption = this.#interruption
    this.#cancelRecovery = null
    this.#interruption = null
    if (interruption === null) return
    this.#subscription.recover(interruption).then(
      recovery => {
        if (recovery === null) return
        if (!recovery.alive) return this.endWith(closeCodes.sessionEnded)
        this.send(serverFrames.snapshot([...recovery.online]))
        // a null stream means: resync everything
        for (const stream of recovery.lost ?? [null]) this.send(serverFrames.resync(stream))
      },
      error => {
        if (this.#isClosed()) return
        log(error, 'the api could not be asked which events were lost in an interruption; asking again')
        this.#interruption = merged(interruption, this.#interruption)
        this.#cancelRecovery ??= timers.after(RETRY_MS, () => this.#recover(false))
        if (isFirst) this.send(serverFrames.resync(null))
      }
    )
  }

  #write({ bytes, message, dialect }: Frame): void {
    const { userId } = this
    if (dialect !== null && dialect !== this.#dialect) return
    if (message === null || message.sender === userId || this.#dialect !== 'legacy') this.#writer.send(bytes)
    else {
      const { conversationId, seq } = message
      this.#writer.send(bytes, () => this.node.deliveries.report(conversationId, seq, userId))
    }
  }

  #isClosed(): boolean {
    return this.#state === 'closed'
  }

  /** Frees all resources except the TCP connection and accepted commands. */
  #stop(): void {
    if (this.#isClosed()) return
    this.#state = 'closed'
    this.#connectBuffer = null
    this.#cancelRecovery?.()
    this.#subscription.release()
  }
}

function closeCodeOf(code: number): CloseCode {
  const known = Object.values(closeCodes).find(each => each.code === code)
  return known ?? { code, reason: '', description: '' }
}
