import { type Topic, userTopic } from '@rendezvous/cluster'
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

/** What one socket holds of its node: its topics, its rooms, and its share in the person's presence. */
export interface Place {
  /** Takes it: once only. Resolves when all topics are confirmed; with null when it was released meanwhile.
   *  @throws ClusterError or whatever the api's call rejects with; then `release` is still due. */
  take(): Promise<Welcome | null>
  /** Its own topic brought that people came or went. @throws as `take`. */
  moved(frame: RoomFrame): Promise<void>
  /** Makes good what its own topic may not have brought: enters the rooms that its person is in now, and looks who is online. As `take`. */
  renew(): Promise<Welcome | null>
  /** Lets go of everything, taken or being taken. Safe to repeat. */
  release(): void
}

/** The place of `member`, a socket of who `claims` say. */
export function place(
  member: Member & Guest,
  claims: Claims,
  { hub, rooms, presence, backend }: Pick<Node, 'hub' | 'rooms' | 'presence' | 'backend'>
): Place {
  const topics: Topic[] = []
  let isPresent = false
  let released = false

  async function join(more: readonly Topic[]): Promise<void> {
    topics.push(...more)
    await hub.join(member, more)
  }

  async function settle(): Promise<Welcome | null> {
    const { alive, rooms: entered, contacts, head } = await backend.roster(claims)
    if (released) return null
    if (!alive) return { alive, online: [], head }
    await rooms.enter(member, entered)
    if (released) return null
    const online = await presence.online(contacts)
    return released ? null : { alive, online: [...new Set([claims.userId, ...online])], head }
  }

  return {
    // the order of DESIGN.md, Connecting: what happens between the roster and the rooms reaches the person's own topic. He is present
    // before the roster is asked for: who comes later than it was read then finds him among those to tell (ADR 12)
    async take() {
      await join([userTopic(claims.userId)])
      if (released) return null
      isPresent = true
      await presence.enter(claims.userId)
      return settle()
    },
    moved: frame => rooms.moved(member, frame),
    renew: settle,
    release() {
      if (released) return
      released = true
      hub.leave(member, topics)
      rooms.release(member)
      if (isPresent) presence.leave(claims.userId)
    }
  }
}
