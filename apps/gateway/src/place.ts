import { userTopic } from '@rendezvous/cluster'
import type { Claims, UserId } from '@rendezvous/contract'
import type { Member } from './hub.ts'
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

/** The socket that takes a place. */
export interface Taker extends Member, Guest {
  readonly claims: Claims
  readonly node: Pick<Node, 'hub' | 'rooms' | 'presence' | 'backend'>
}

/** What one socket holds of its node: its person's topic, its rooms, and its share in the person's presence. A class, since there is one a socket. */
export class Place {
  readonly #taker: Taker
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
    return this.renew()
  }

  /** Makes good what its own topic may not have brought: enters the rooms that its person is in now, and looks who is online. As `take`. */
  async renew(): Promise<Welcome | null> {
    const { claims, node } = this.#taker
    const { alive, rooms, contacts, head } = await node.backend.roster(claims)
    if (this.#isReleased) return null
    if (!alive) return { alive, online: [], head }
    await node.rooms.enter(this.#taker, rooms)
    if (this.#isReleased) return null
    const online = await node.presence.online(contacts)
    return this.#isReleased ? null : { alive, online: [...new Set([claims.userId, ...online])], head }
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
}
