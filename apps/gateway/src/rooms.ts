import { roomTopic } from '@rendezvous/cluster'
import { type ConversationId, limits, type RoomHead, type Seq } from '@rendezvous/contract'
import type { Hub, Member } from './hub.ts'
import type { RoomFrame } from './outgoing.ts'
import { type Guest, type House, Room } from './room.ts'

/** The groups that people with a socket on this node are in. */
export interface Rooms {
  /** Lets the socket into the rooms its person is in, as the api said; into those it is in already, too. Resolves when their topics are confirmed.
   *  @throws whatever the hub or the api rejects with; `release` is still due. */
  enter(guest: Guest, rooms: readonly RoomHead[]): Promise<void>
  /** The person's own topic brought that people came or went: the socket is told unless it has been, and goes in or out if they are its person.
   *  @throws as `enter`. */
  moved(guest: Guest, frame: RoomFrame): Promise<void>
  /** The last coming or going of the socket's own person of which it knows; null when that is not known. */
  lastMove(guest: Guest, conversationId: ConversationId): Seq | null
  /** The socket leaves all rooms. Safe to repeat. */
  release(guest: Guest): void
}

/** What a socket has of the rooms. */
interface Visit {
  /** Replaced with each change. Mostly they are few, for which a Set would be 200 bytes. */
  rooms: readonly Room[]
  /** The last coming or going of its own person that it was told, by conversation; null as long as there is none. */
  told: Map<ConversationId, Seq> | null
}

/** Conversations for which a socket's last coming or going is remembered; the one that changed longest ago is forgotten. */
const TOLD_MAX = limits.roomsPerPerson

/** Rooms over `hub`: one is subscribed while a socket of this node is in it. Long because it is the state of all rooms. */
export function openRooms(
  options: { readonly hub: Hub } & Pick<House, 'backend' | 'timers' | 'log' | 'spreadMs'>
): Rooms {
  const { hub, backend, log } = options
  const rooms = new Map<ConversationId, Room>()
  const visits = new Map<Guest, Visit>()
  const house: House = { ...options, waiting: { bytes: 0 }, learns, gone }

  const follower: Member = {
    receive(frames) {
      const conversationId = frames[0]?.room?.conversationId
      if (conversationId !== undefined) rooms.get(conversationId)?.receive(frames)
    },
    interrupted(losses) {
      const lost = new Set(losses.map(({ topic }) => topic))
      for (const room of rooms.values()) if (lost.has(roomTopic(room.conversationId))) room.interrupted()
    },
    moved() {}, // on a room's own topic changes of members are frames like others
    control() {} // sessions end on the topic of their person
  }

  function visitOf(guest: Guest): Visit {
    const known = visits.get(guest)
    if (known !== undefined) return known
    const visit: Visit = { rooms: [], told: null }
    visits.set(guest, visit)
    return visit
  }

  function learns(guest: Guest, conversationId: ConversationId, seq: Seq): boolean {
    const visit = visitOf(guest)
    const told = visit.told?.get(conversationId)
    if (told !== undefined && told >= seq) return false
    visit.told ??= new Map()
    visit.told.delete(conversationId) // so that it stands last
    visit.told.set(conversationId, seq)
    const [oldest] = visit.told.keys()
    if (visit.told.size > TOLD_MAX && oldest !== undefined) visit.told.delete(oldest)
    return true
  }

  function gone(guest: Guest, room: Room): void {
    const visit = visits.get(guest)
    if (visit !== undefined) visit.rooms = visit.rooms.filter(other => other !== room)
    if (!room.isEmpty || rooms.get(room.conversationId) !== room) return
    rooms.delete(room.conversationId)
    hub.leave(follower, [roomTopic(room.conversationId)])
  }

  /** False when the room knows of a later change of members than the api's answer does. */
  function letIn(guest: Guest, head: RoomHead): boolean {
    const { conversationId, membersSeq } = head
    const room = rooms.get(conversationId) ?? new Room(house, conversationId, head)
    const isHere = room.since(guest) !== null
    if (!room.enter(guest, membersSeq)) return false
    if (isHere) return true
    rooms.set(conversationId, room)
    const visit = visitOf(guest)
    visit.rooms = visit.rooms.concat(room)
    return true
  }

  /** The same, and asks whether he belongs until that is known. Null when he does not, or is gone. */
  async function letInSurely(guest: Guest, head: RoomHead): Promise<Room | null> {
    const { conversationId } = head
    let known = head
    while (!letIn(guest, known)) {
      const { memberIds, ...state } = await backend.rooms({ conversationId, userIds: [guest.userId] })
      const told = visits.get(guest)?.told?.get(conversationId) ?? 0
      if (!visits.has(guest) || told > state.membersSeq || !memberIds.includes(guest.userId)) return null
      known = { conversationId, ...state }
    }
    return rooms.get(conversationId) ?? null
  }

  /** Resolves when what is published to the rooms comes here. */
  async function follow(entered: readonly Room[]): Promise<void> {
    const open = entered.filter(room => rooms.get(room.conversationId) === room)
    await hub.join(
      follower,
      open.map(({ conversationId }) => roomTopic(conversationId))
    )
    for (const room of open) room.isLive = true
  }

  /** Lets in who came by the change `seq`, and tells him to resync if he may have missed what was sent since. */
  async function comeIn(guest: Guest, conversationId: ConversationId, seq: Seq): Promise<void> {
    const known = rooms.get(conversationId)
    const isLive = known?.isLive === true
    const isPast = known?.isPast(seq) === true
    const room = await letInSurely(guest, { conversationId, membersSeq: seq, headSeq: seq })
    if (room === null) return
    await follow([room])
    const hasMissed = isLive ? isPast : await isAbove(conversationId, seq)
    if (hasMissed && room.since(guest) !== null) guest.resync(conversationId)
  }

  /** Whether the room's stream has gone on beyond `seq`; true when that is not known. */
  async function isAbove(conversationId: ConversationId, seq: Seq): Promise<boolean> {
    try {
      return (await backend.rooms({ conversationId, userIds: [] })).headSeq > seq
    } catch (error) {
      log(error, 'the head of a room could not be asked')
      return true
    }
  }

  return {
    async enter(guest, entered) {
      const { told } = visitOf(guest)
      const current = entered.filter(({ conversationId, membersSeq }) => (told?.get(conversationId) ?? 0) <= membersSeq)
      const found = await Promise.all(current.map(head => letInSurely(guest, head)))
      await follow(found.filter(room => room !== null))
    },
    async moved(guest, frame) {
      const { conversationId, seq, joined, left } = frame.room
      const comes = joined.includes(guest.userId)
      if (seq === null || (!comes && !left.includes(guest.userId))) return
      const room = rooms.get(conversationId)
      const since = room?.since(guest) ?? 0
      if (since > seq || !learns(guest, conversationId, seq)) return

      guest.receive([frame])
      if (comes) await comeIn(guest, conversationId, seq)
      else room?.leave(guest)
    },
    lastMove(guest, conversationId) {
      const told = visits.get(guest)?.told?.get(conversationId) ?? null
      const since = rooms.get(conversationId)?.since(guest) ?? null
      return told !== null && since !== null && told > since ? told : (since ?? told)
    },
    release(guest) {
      const visit = visits.get(guest)
      visits.delete(guest)
      for (const room of visit?.rooms ?? []) room.leave(guest)
    }
  }
}
