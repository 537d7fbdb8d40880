import { userTopic } from '@rendezvous/cluster'
import type { Claims, ConversationId, UserId } from '@rendezvous/contract'
import type { RoomFrame } from '../hub/frame.ts'
import type { Subscriber } from '../hub/hub.ts'
import type { Node } from '../node.ts'
import type { RoomSocket } from '../rooms/room.ts'
import { askMissed, type Interruption, lostStreams } from './interruption.ts'

/** What a socket needs for `ready`. */
export interface SubscriptionState {
  /** False when its session has ended: then no rooms were entered. */
  readonly alive: boolean
  /** The users online whose presence the socket's user sees, and the user. */
  readonly online: readonly UserId[]
  /** The head of the user's own stream. */
  readonly head: number
}

/** What a socket needs after an interruption. */
export interface Recovery extends SubscriptionState {
  /** The streams of which events may have been lost. Null for all. */
  readonly lost: readonly string[] | null
}

/** The socket that a subscription belongs to. */
export interface SubscriptionOwner extends Subscriber, RoomSocket {
  readonly claims: Claims
  readonly node: Pick<Node, 'hub' | 'rooms' | 'presence' | 'backend' | 'timers'>
}

/** What one socket uses of its node: its user's topic, its rooms, and the user's presence. A class, because there is
 *  one for each socket. */
export class Subscription {
  readonly #owner: SubscriptionOwner
  #toldHead = 0
  #isPresent = false
  #isReleased = false

  constructor(owner: SubscriptionOwner) {
    this.#owner = owner
  }

  /**
   * Subscribes. Call it once. Resolves when all topics are confirmed, or with null when it was released before that.
   * @throws ClusterError or whatever the api's call rejects with; then `release` is still due.
   */
  async open(): Promise<SubscriptionState | null> {
    // The order of docs/design.md, Connecting: changes between reading the roster and entering the rooms reach the
    // user's own topic. The user is present before the roster is read: a contact who comes later tells them (ADR 12).
    const { node, userId } = this.#owner
    await node.hub.join(this.#owner, [userTopic(userId)])
    if (this.#isReleased) return null
    this.#isPresent = true
    await node.presence.enter(userId)
    return this.#load(null)
  }

  /** Recovers from an interruption of the user's own topic: asks what was lost, enters the rooms that the user is in
   *  now, and reads who is online. Resolves and rejects as `open`. */
  recover(interruption: Interruption): Promise<Recovery | null> {
    return this.#load(interruption)
  }

  /** Takes a change of a room's members that arrived on the user's own topic.
   *  @throws as `open`. */
  membersChanged(frame: RoomFrame): Promise<void> {
    return this.#owner.node.rooms.membersChanged(this.#owner, frame)
  }

  /** Ends everything that `open` began, finished or not. Safe to repeat. */
  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    const { node, userId } = this.#owner
    node.hub.leave(this.#owner, [userTopic(userId)])
    node.rooms.release(this.#owner)
    if (this.#isPresent) node.presence.leave(userId)
  }

  /** Decides what was lost before it enters the rooms, since entering changes what the socket knows. */
  async #load(interruption: Interruption | null): Promise<Recovery | null> {
    const { claims, userId, node } = this.#owner
    const missing = interruption === null ? [] : askMissed(interruption, userId, node)
    const [{ alive, rooms, contacts, head }, missed] = await Promise.all([node.backend.roster(claims), missing])
    if (this.#isReleased) return null
    if (!alive) return { alive, online: [], head, lost: [] }
    const lastOwnChange = (conversationId: ConversationId) => node.rooms.lastOwnChange(this.#owner, conversationId)
    const knowledge = { userId, head: this.#toldHead, lastOwnChange }
    const lost = interruption === null ? [] : lostStreams(interruption, { missed, head }, knowledge)
    await node.rooms.enter(this.#owner, rooms)
    if (this.#isReleased) return null
    const online = await node.presence.online(contacts)
    if (this.#isReleased) return null
    this.#toldHead = head
    return { alive, online: [...new Set([userId, ...online])], head, lost }
  }
}
