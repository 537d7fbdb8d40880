import { type Claims, type CloseCode, closeCodes } from '@rendezvous/contract'
import type { Node } from '../node.ts'
import { type Alarm, UNSET } from './alarms.ts'

/** The socket whose liveness is checked. */
export interface MonitoredSocket {
  readonly node: Pick<Node, 'alarms' | 'timers' | 'settings'>
  readonly claims: Pick<Claims, 'expiresAt'>
  ping(): void
  /** Starts the close handshake. */
  endWith(code: CloseCode): void
  /** Ends the connection without a close handshake. */
  terminate(): void
}

/** What must happen next: the socket becomes ready, a ping is sent, its pong arrives, the close handshake ends. */
type Stage = 'ready' | 'ping' | 'pong' | 'end'

/**
 * Closes one socket that does not become ready in time, whose client answers no ping, or whose token expires.
 * Terminates it when the close handshake takes too long. One alarm serves all of these. A class, because there is one
 * for each socket.
 */
export class Liveness implements Alarm {
  firesAt = 0
  position = UNSET
  readonly #socket: MonitoredSocket
  #stage: Stage = 'ready'
  #dueAt = 0

  /** Starts the time in which the socket must become ready. */
  constructor(socket: MonitoredSocket) {
    this.#socket = socket
    this.#expect('ready', socket.node.settings.connectTimeoutMs)
  }

  /** The socket is ready: from now on it is pinged. */
  ready(): void {
    this.#expect('ping', this.#socket.node.settings.heartbeatIntervalMs)
  }

  /** A pong arrived. */
  pong(): void {
    if (this.#stage === 'pong') this.ready() // an unasked pong proves nothing about the next ping
  }

  /** The close handshake began: from now on only its end is awaited. Safe to repeat. */
  awaitClose(): void {
    if (this.#stage !== 'end') this.#expect('end', this.#socket.node.settings.closeTimeoutMs)
  }

  /** The socket has closed. */
  stop(): void {
    this.#socket.node.alarms.clear(this)
  }

  fire(): void {
    const { claims, node } = this.#socket
    if (this.#stage !== 'end' && claims.expiresAt <= node.timers.now()) this.#socket.endWith(closeCodes.tokenExpired)
    else if (this.#dueAt > node.timers.elapsed()) this.#setAlarm()
    else this.#onDue()
  }

  #onDue(): void {
    const socket = this.#socket
    if (this.#stage === 'ready') socket.endWith(closeCodes.unavailable)
    else if (this.#stage === 'pong') socket.endWith(closeCodes.heartbeatTimeout)
    else if (this.#stage === 'end') socket.terminate()
    else {
      this.#expect('pong', socket.node.settings.heartbeatTimeoutMs)
      socket.ping()
    }
  }

  #expect(stage: Stage, withinMs: number): void {
    this.#stage = stage
    this.#dueAt = this.#socket.node.timers.elapsed() + withinMs
    this.#setAlarm()
  }

  /** Sets the alarm for when the stage is due or the token expires. */
  #setAlarm(): void {
    const { alarms, timers } = this.#socket.node
    const dueMs = this.#dueAt - timers.elapsed()
    const expiryMs = this.#socket.claims.expiresAt - timers.now()
    alarms.set(this, this.#stage === 'end' ? dueMs : Math.min(dueMs, expiryMs))
  }
}
