import { type Topic, userTopic } from '@rendezvous/cluster'
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

/** What one socket holds of its node: its topics, its rooms, and its share in the person's presence. */
export interface Place {
  /** Takes it: once only. Resolves when all topics are confirmed; with null when it was released meanwhile.
   *  @throws ClusterError or whatever the api's call rejects with; then `release` is still due. */
  take(): Promise<Welcome | null>
  /** Its own topic brought that people came or went. @throws as `take`. */
  moved(frame: RoomFrame): Promise<void>
  /** Makes good what its own topic may not have brought during the lapse: finds out what that is, enters the rooms that its person is in now, and
   *  looks who is online. As `take`. */
  renew(lapse: Lapse): Promise<Renewal | null>
  /** Lets go of everything, taken or being taken. Safe to repeat. */
  release(): void
}

/** The place of `member`, a socket of who `claims` say. */
export function place(
  member: Member & Guest,
  claims: Claims,
  node: Pick<Node, 'hub' | 'rooms' | 'presence' | 'backend' | 'timers'>
): Place {
  const { hub, rooms, presence, backend } = node
  const { userId } = claims
  const topics: Topic[] = []
  let toldHead = 0
  let isPresent = false
  let released = false

  async function join(more: readonly Topic[]): Promise<void> {
    topics.push(...more)
    await hub.join(member, more)
  }

  /** What was lost is judged by what is known before the rooms are entered, and told after it: from then on they are heard. */
  async function settle(lapse: Lapse | null): Promise<Renewal | null> {
    const missing = lapse === null ? [] : askMissed(lapse, userId, node)
    const [{ alive, rooms: entered, contacts, head }, missed] = await Promise.all([backend.roster(claims), missing])
    if (released) return null
    if (!alive) return { alive, online: [], head, lost: [] }
    const lastMove = (conversationId: ConversationId) => rooms.lastMove(member, conversationId)
    const lost = lapse === null ? [] : lostStreams(lapse, { missed, head }, { userId, head: toldHead, lastMove })
    await rooms.enter(member, entered)
    if (released) return null
    const online = await presence.online(contacts)
    if (released) return null
    toldHead = head
    return { alive, online: [...new Set([userId, ...online])], head, lost }
  }

  return {
    // the order of DESIGN.md, Connecting: what happens between the roster and the rooms reaches the person's own topic. He is present
    // before the roster is asked for: who comes later than it was read then finds him among those to tell (ADR 12)
    async take() {
      await join([userTopic(userId)])
      if (released) return null
      isPresent = true
      await presence.enter(userId)
      return settle(null)
    },
    moved: frame => rooms.moved(member, frame),
    renew: settle,
    release() {
      if (released) return
      released = true
      hub.leave(member, topics)
      rooms.release(member)
      if (isPresent) presence.leave(userId)
    }
  }
}
