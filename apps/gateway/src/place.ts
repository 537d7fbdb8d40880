import { userTopic } from '@rendezvous/cluster'
import type { Claims, ConversationId, UserId } from '@rendezvous/contract'
import type { Member } from './hub.ts'
import { askMissed, type Lapse, lostStreams } from './lapse.ts'
import type { Node } from './node.ts'
import type { RoomFrame } from './outgoing.ts'
import type { Guest } from './room.ts'

/** What a socket is told when it has its place. */
export interface Welcome {
  /** False when its session has ended: it has no place. */
  readonly alive: boolean
  /** Who is online of those whose presence he sees, himself included. */
  readonly online: readonly UserId[]
  readonly head: number
}

/** What a socket is told when it has its place again. */
export interface Renewal extends Welcome {
  /** The streams of which something may have been lost; null for all. */
  readonly lost: readonly string[] | null
}

/** The socket that takes a place. */
export interface Taker extends Member, Guest {
  readonly claims: Claims
  readonly node: Pick<Node, 'hub' | 'rooms' | 'presence' | 'backend' | 'timers'>
}

/** What one socket holds of its node: its person's topic, its rooms, and its share in the person's presence. A class, since there is one a socket. */
export class Place {
  readonly #taker: Taker
  #toldHead = 0
  #isPresent = false
  #isReleased = false

  constructor(taker: Taker) {
    this.#taker = taker
  }

  /**
   * Takes it: once only. Resolves when all topics are confirmed; with null when it was released meanwhile.
   * @throws ClusterError or whatever the api's call rejects with; then `release` is still due.
   */
  async take(): Promise<Welcome | null> {
    // the order of DESIGN.md, Connecting: what happens between the roster and the rooms reaches the person's own topic. He is present
    // before the roster is asked for: who comes later than it was read then finds him among those to tell (ADR 12)
    const { node, userId } = this.#taker
    await node.hub.join(this.#taker, [userTopic(userId)])
    if (this.#isReleased) return null
    this.#isPresent = true
    await node.presence.enter(userId)
    return this.#settle(null)
  }

  /** Makes good what its own topic may not have brought during the lapse: finds out what that is, enters the rooms that its person is in now, and
   *  looks who is online. As `take`. */
  renew(lapse: Lapse): Promise<Renewal | null> {
    return this.#settle(lapse)
  }

  /** Its own topic brought that people came or went. @throws as `take`. */
  moved(frame: RoomFrame): Promise<void> {
    return this.#taker.node.rooms.moved(this.#taker, frame)
  }

  /** Lets go of everything, taken or being taken. Safe to repeat. */
  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    const { node, userId } = this.#taker
    node.hub.leave(this.#taker, [userTopic(userId)])
    node.rooms.release(this.#taker)
    if (this.#isPresent) node.presence.leave(userId)
  }

  /** What was lost is judged by what is known before the rooms are entered, and told after it: from then on they are heard. */
  async #settle(lapse: Lapse | null): Promise<Renewal | null> {
    const { claims, userId, node } = this.#taker
    const missing = lapse === null ? [] : askMissed(lapse, userId, node)
    const [{ alive, rooms, contacts, head }, missed] = await Promise.all([node.backend.roster(claims), missing])
    if (this.#isReleased) return null
    if (!alive) return { alive, online: [], head, lost: [] }
    const lastMove = (conversationId: ConversationId) => node.rooms.lastMove(this.#taker, conversationId)
    const lost = lapse === null ? [] : lostStreams(lapse, { missed, head }, { userId, head: this.#toldHead, lastMove })
    await node.rooms.enter(this.#taker, rooms)
    if (this.#isReleased) return null
    const online = await node.presence.online(contacts)
    if (this.#isReleased) return null
    this.#toldHead = head
    return { alive, online: [...new Set([userId, ...online])], head, lost }
  }
}
