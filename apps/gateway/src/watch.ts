import { type Claims, type CloseCode, closeCodes } from '@rendezvous/contract'
import { AWAKE, type Sleeper } from './alarms.ts'
import type { Node } from './node.ts'

/** A socket that is watched. */
export interface Watched {
  readonly node: Pick<Node, 'alarms' | 'timers' | 'settings'>
  readonly claims: Pick<Claims, 'expiresAt'>
  ping(): void
  /** Closes it. */
  endWith(code: CloseCode): void
  cut(): void
}

/** What is to come next: its `ready`, the time for a ping, the answer to one, the client's half of the close handshake. */
type Stage = 'ready' | 'ping' | 'pong' | 'end'

/**
 * Sees to it that one socket gets ready in time, that its client is there, as long as its token holds, and that it ends in time once it closes. A class
 * with one alarm for all of that, since there is one a socket.
 */
export class Watch implements Sleeper {
  wakesAt = 0
  position = AWAKE
  readonly #watched: Watched
  #stage: Stage = 'ready'
  #dueAt = 0

  /** Begins. */
  constructor(watched: Watched) {
    this.#watched = watched
    this.#expect('ready', watched.node.settings.connectTimeoutMs)
  }

  /** It is ready: from now on its client is asked whether it is there. */
  ready(): void {
    this.#expect('ping', this.#watched.node.settings.heartbeatIntervalMs)
  }

  /** The client answered. */
  pong(): void {
    if (this.#stage === 'pong') this.ready() // a pong nobody asked for proves nothing about the next ping
  }

  /** The close handshake is under way: nothing else matters any more. Safe to repeat. */
  closing(): void {
    if (this.#stage !== 'end') this.#expect('end', this.#watched.node.settings.closeTimeoutMs)
  }

  /** It has closed. */
  stop(): void {
    this.#watched.node.alarms.clear(this)
  }

  wake(): void {
    const { claims, node } = this.#watched
    if (this.#stage !== 'end' && claims.expiresAt <= node.timers.now()) this.#watched.endWith(closeCodes.tokenExpired)
    else if (this.#dueAt > node.timers.elapsed()) this.#sleep()
    else this.#isDue()
  }

  #isDue(): void {
    const watched = this.#watched
    if (this.#stage === 'ready') watched.endWith(closeCodes.unavailable)
    else if (this.#stage === 'pong') watched.endWith(closeCodes.heartbeatTimeout)
    else if (this.#stage === 'end') watched.cut()
    else {
      this.#expect('pong', watched.node.settings.heartbeatTimeoutMs)
      watched.ping()
    }
  }

  #expect(stage: Stage, withinMs: number): void {
    this.#stage = stage
    this.#dueAt = this.#watched.node.timers.elapsed() + withinMs
    this.#sleep()
  }

  /** Until something is due, or the token expires. */
  #sleep(): void {
    const { alarms, timers } = this.#watched.node
    const dueMs = this.#dueAt - timers.elapsed()
    const expiryMs = this.#watched.claims.expiresAt - timers.now()
    alarms.set(this, this.#stage === 'end' ? dueMs : Math.min(dueMs, expiryMs))
  }
}
