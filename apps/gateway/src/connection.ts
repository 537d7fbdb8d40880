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
import { type Dialect, dialectOf } from './dialect.ts'
import { Early } from './early.ts'
import type { Guard } from './flood.ts'
import type { Loss } from './hub.ts'
import { Intake, type Speaker } from './intake.ts'
import { joined, type Lapse, lapseOf } from './lapse.ts'
import { type Listener, listen } from './listener.ts'
import type { Node } from './node.ts'
import type { Frame, RoomFrame } from './outgoing.ts'
import { type Outlet, openOutlet, type Writer } from './outlet.ts'
import { Place, type Taker, type Welcome } from './place.ts'
import { RETRY_MS } from './room.ts'
import { Watch, type Watched } from './watch.ts'

/** Close codes from here on tell a client that it has lost its right to be here. */
const FINAL = 4500

/** One socket, from the upgrade to its end. */
export interface Connection {
  /** Tells the client to come back after `afterMs`, as far as it listens to that, and closes. */
  sendAway(afterMs: number): void
  /** Cuts the connection, without a word. */
  cut(): void
}

/** Who is served, over what. `stream` is the TCP connection beneath `socket`. */
interface Visitor {
  readonly socket: WebSocket
  readonly stream: Writable
  readonly claims: Claims
  readonly guard: Guard
}

/** Called once, when the socket needs nothing of this node any more. */
type Ended = (connection: Connection) => void

/** Serves the visitor. Call it synchronously once the upgrade is done. */
export function connect(visitor: Visitor, node: Node, ended: Ended): Connection {
  const connection = new SocketConnection(visitor, node, ended)
  connection.serve()
  return connection
}

/** `connecting` until `ready` was sent, `closed` from the moment this side decided or learnt that it ends. */
type State = 'connecting' | 'ready' | 'closed'

/**
 * The state of one socket. A class that is itself what its parts and the node call back to: a closure for each of these calls would be most
 * of what a socket takes.
 */
class SocketConnection implements Connection, Listener, Writer, Speaker, Taker, Watched {
  readonly node: Node
  readonly socket: WebSocket
  readonly stream: Writable
  readonly claims: Claims
  readonly guard: Guard
  readonly #ended: Ended
  readonly #dialect: Dialect
  readonly #outlet: Outlet
  readonly #intake: Intake
  readonly #watch: Watch
  readonly #place: Place
  #state: State = 'connecting'
  /** Null unless it is connecting. */
  #early: Early | null = new Early()
  #cancelRenewal: (() => void) | null = null
  /** What an interruption cost is not known yet. */
  #lapse: Lapse | null = null

  constructor({ socket, stream, claims, guard }: Visitor, node: Node, ended: Ended) {
    this.node = node
    this.socket = socket
    this.stream = stream
    this.claims = claims
    this.guard = guard
    this.#ended = ended
    this.#dialect = dialectOf(socket.protocol)
    this.#outlet = openOutlet(this)
    this.#intake = new Intake(this)
    this.#watch = new Watch(this)
    this.#place = new Place(this)
  }

  get userId(): UserId {
    return this.claims.userId
  }

  get maxBuffered(): number {
    return this.node.settings.slowConsumerBytes
  }

  /** Once only. */
  serve(): void {
    listen(this.socket, this)
    this.socket.pause() // what the client says before `ready` waits in the TCP connection, which bounds it
    this.#open().catch(error => {
      if (!this.#isClosed()) this.node.log(error, 'a socket could not be opened')
      this.endWith(closeCodes.unavailable)
    })
  }

  onMessage(data: Buffer, isBinary: boolean): void {
    if (!this.#isClosed()) this.#intake.read(data, isBinary)
  }

  onPing(data: Buffer): void {
    const isHeard = !this.#isClosed() && this.#intake.control() && this.socket.bufferedAmount <= this.maxBuffered
    if (isHeard) this.socket.pong(data)
  }

  onPong(): void {
    this.#watch.pong()
    if (!this.#isClosed()) this.#intake.control()
  }

  onError(error: Error): void {
    this.node.debug(error, 'a socket broke off')
    this.#dismantle()
    this.#watch.closing() // ws answers what broke its rules with a close frame of its own
  }

  onClose(): void {
    this.#dismantle()
    this.#watch.stop()
    this.guard.leave()
    this.#ended(this)
  }

  receive(frames: readonly Frame[]): void {
    if (this.#state === 'ready') for (const frame of frames) this.#write(frame)
    else if (this.#early?.add(frames, this.maxBuffered) === false) this.endWith(closeCodes.slowConsumer)
  }

  control({ user_id, end_sessions, spare, code }: ControlHeader): void {
    if (user_id !== this.userId || this.claims.tokenId === spare) return
    if (end_sessions === 'all' || end_sessions.includes(this.claims.sessionId)) this.endWith(closeCodeOf(code))
  }

  moved(frame: RoomFrame): void {
    this.#place.moved(frame).catch(error => {
      if (!this.#isClosed()) this.node.log(error, 'a room could not be entered')
      this.endWith(closeCodes.unavailable)
    })
  }

  resync(conversationId: ConversationId): void {
    if (this.#state !== 'ready') return // it will fetch everything anyway
    this.send(this.node.voice.resync(conversationStream(conversationId)))
  }

  interrupted(losses: readonly Loss[]): void {
    this.#lapse = joined(this.#lapse, lapseOf(losses, this.node.timers.elapsed()))
    if (this.#state === 'ready') this.#renewSoon()
  }

  send(frame: string): void {
    this.#outlet.send(frame)
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

  sendAway(afterMs: number): void {
    this.send(this.node.voice.reconnect(afterMs))
    this.endWith(closeCodes.draining)
  }

  cut(): void {
    this.socket.terminate()
  }

  endWith(code: CloseCode): void {
    if (this.#isClosed()) return
    this.#dismantle()
    if (code.code >= FINAL || code === closeCodes.tokenExpired) this.#intake.stop()
    this.#outlet.flush()
    this.socket.resume() // a paused socket would not hear the client's answer
    this.socket.close(code.code, code.reason)
    this.#watch.closing()
  }

  async #open(): Promise<void> {
    const welcome = await this.#place.take()
    if (welcome === null) return
    if (welcome.alive) this.#start(welcome)
    else this.endWith(closeCodes.sessionEnded)
  }

  #start({ online, head }: Welcome): void {
    const { node, userId } = this
    const early = this.#early
    this.#early = null
    this.#state = 'ready'
    this.#watch.ready()
    this.send(node.voice.snapshot([...online]))
    const facts = { dialect: this.#dialect, heartbeat_ms: node.settings.heartbeatIntervalMs, head }
    this.send(node.voice.ready({ user_id: userId, session_id: this.claims.sessionId, ...facts }))
    for (const frame of early?.frames ?? []) this.#write(frame)
    if (this.#lapse !== null) this.#renewSoon()
    this.socket.resume()
    if (this.#dialect === 'legacy')
      node.backend
        .deliverWaiting(userId)
        .catch(error => node.log(error, 'what waited could not be counted as delivered'))
  }

  #renewSoon(): void {
    const { timers, random, settings } = this.node
    this.#cancelRenewal ??= timers.after(random() * settings.resyncSpreadMs, () => this.#renew(true))
  }

  /** The end of the session, rooms that the person came into and who came online may be among what was lost. While the api cannot be asked the
   *  client is told once. */
  #renew(isFirst: boolean): void {
    const { voice, log, timers } = this.node
    const asked = this.#lapse
    this.#cancelRenewal = null
    this.#lapse = null
    if (asked === null) return
    this.#place.renew(asked).then(
      renewal => {
        if (renewal === null) return
        if (!renewal.alive) return this.endWith(closeCodes.sessionEnded)
        this.send(voice.snapshot([...renewal.online]))
        for (const stream of renewal.lost ?? [null]) this.send(voice.resync(stream))
      },
      error => {
        if (this.#isClosed()) return
        log(error, 'what an interruption cost could not be asked')
        this.#lapse = joined(asked, this.#lapse)
        this.#cancelRenewal ??= timers.after(RETRY_MS, () => this.#renew(false))
        if (isFirst) this.send(voice.resync(null))
      }
    )
  }

  #write({ bytes, message }: Frame): void {
    const { userId } = this
    if (message === null || message.sender === userId || this.#dialect !== 'legacy') this.#outlet.send(bytes)
    else {
      const { conversationId, seq } = message
      this.#outlet.send(bytes, () => this.node.deliveries.report({ userId, conversationId, seq }))
    }
  }

  #isClosed(): boolean {
    return this.#state === 'closed'
  }

  /** Lets go of everything but the TCP connection, and the commands that were taken. */
  #dismantle(): void {
    if (this.#isClosed()) return
    this.#state = 'closed'
    this.#early = null
    this.#cancelRenewal?.()
    this.#place.release()
  }
}

function closeCodeOf(code: number): CloseCode {
  const known = Object.values(closeCodes).find(each => each.code === code)
  return known ?? { code, reason: '', description: '' }
}
