import { roomTopic } from '@rendezvous/cluster'
import { type ConversationId, limits, type RoomHead, type Seq } from '@rendezvous/contract'
import type { RoomFrame } from '../hub/frame.ts'
import type { Hub, Subscriber } from '../hub/hub.ts'
import { Room, type RoomContext, type RoomSocket } from './room.ts'

/** The groups whose members have a socket on this node. A socket's *own change* of a group is a change of members by
 *  which its own user joined or left. */
export interface Rooms {
  /** Adds the socket to the rooms that the api named for its user. It may be in some of them already. Resolves when
   *  their topics are confirmed.
   *  @throws whatever the hub or the api rejects with; `release` is still due. */
  enter(socket: RoomSocket, rooms: readonly RoomHead[]): Promise<void>
  /** Takes a change of members that arrived on the user's own topic. If it is the socket's own change, tells the socket
   *  unless it was told already, and adds or removes it. Other changes are ignored.
   *  @throws as `enter`. */
  membersChanged(socket: RoomSocket, frame: RoomFrame): Promise<void>
  /** The last own change that the socket knows of. Null when none is known. */
  lastOwnChange(socket: RoomSocket, conversationId: ConversationId): Seq | null
  /** Removes the socket from all rooms. Safe to repeat. */
  release(socket: RoomSocket): void
}

/** What is known of one socket. */
interface SocketState {
  /** The rooms it is in. Replaced at each change: most sockets are in few rooms, and a Set would take 200 bytes. */
  rooms: readonly Room[]
  /** The last own change that the socket was told of, by conversation. Null until there is one. */
  told: Map<ConversationId, Seq> | null
}

/** For how many conversations a socket's last own change is remembered. The one that changed longest ago is dropped. */
const TOLD_MAX = limits.roomsPerPerson

/** Rooms over `hub`. A room's topic is subscribed while at least one socket is in the room.
 *  Long because its functions share the state of all rooms. */
export function openRooms(
  options: { readonly hub: Hub } & Pick<RoomContext, 'backend' | 'timers' | 'log' | 'spreadMs'>
): Rooms {
  const { hub, backend, log } = options
  const rooms = new Map<ConversationId, Room>()
  const states = new Map<RoomSocket, SocketState>()
  const context: RoomContext = { ...options, backlogTotal: { bytes: 0 }, recordOwnChange, onLeave }

  const subscriber: Subscriber = {
    receive(frames) {
      const conversationId = frames[0]?.room?.conversationId
      if (conversationId !== undefined) rooms.get(conversationId)?.receive(frames)
    },
    onInterruption(losses) {
      const lost = new Set(losses.map(({ topic }) => topic))
      for (const room of rooms.values()) if (lost.has(roomTopic(room.conversationId))) room.onInterruption()
    },
    membersChanged() {}, // on a room's own topic, changes of members come to `receive`
    control() {} // sessions end on the topic of their user
  }

  function stateOf(socket: RoomSocket): SocketState {
    const known = states.get(socket)
    if (known !== undefined) return known
    const state: SocketState = { rooms: [], told: null }
    states.set(socket, state)
    return state
  }

  function recordOwnChange(socket: RoomSocket, conversationId: ConversationId, seq: Seq): boolean {
    const state = stateOf(socket)
    const told = state.told?.get(conversationId)
    if (told !== undefined && told >= seq) return false
    state.told ??= new Map()
    state.told.delete(conversationId) // so that the new entry is the last one
    state.told.set(conversationId, seq)
    const [oldest] = state.told.keys()
    if (state.told.size > TOLD_MAX && oldest !== undefined) state.told.delete(oldest)
    return true
  }

  function onLeave(socket: RoomSocket, room: Room): void {
    const state = states.get(socket)
    if (state !== undefined) state.rooms = state.rooms.filter(other => other !== room)
    if (!room.isEmpty || rooms.get(room.conversationId) !== room) return
    rooms.delete(room.conversationId)
    hub.leave(subscriber, [roomTopic(room.conversationId)])
  }

  /** Adds the socket to a room. False when the room knows a later change of members than `head`. */
  function tryEnter(socket: RoomSocket, head: RoomHead): boolean {
    const { conversationId, membersSeq } = head
    const room = rooms.get(conversationId) ?? new Room(context, conversationId, head)
    const wasInside = room.memberAsOf(socket) !== null
    if (!room.enter(socket, membersSeq)) return false
    if (wasInside) return true
    rooms.set(conversationId, room)
    const state = stateOf(socket)
    state.rooms = state.rooms.concat(room)
    return true
  }

  /** Adds the socket to a room, and asks the api until its answer is as new as what the room knows. Null when the user
   *  is no longer a member, or the socket was released. */
  async function enterRoom(socket: RoomSocket, head: RoomHead): Promise<Room | null> {
    const { conversationId } = head
    let newest = head
    while (!tryEnter(socket, newest)) {
      const { memberIds, ...state } = await backend.rooms({ conversationId, userIds: [socket.userId] })
      const told = states.get(socket)?.told?.get(conversationId) ?? 0
      if (!states.has(socket) || told > state.membersSeq || !memberIds.includes(socket.userId)) return null
      newest = { conversationId, ...state }
    }
    return rooms.get(conversationId) ?? null
  }

  /** Subscribes the topics of the rooms that still exist. Resolves when they are confirmed. */
  async function subscribe(entered: readonly Room[]): Promise<void> {
    const open = entered.filter(room => rooms.get(room.conversationId) === room)
    await hub.join(
      subscriber,
      open.map(({ conversationId }) => roomTopic(conversationId))
    )
    for (const room of open) room.isSubscribed = true
  }

  /** Adds a socket whose user joined by the change `seq`. Tells it to resync if it may have missed later events. */
  async function enterByChange(socket: RoomSocket, conversationId: ConversationId, seq: Seq): Promise<void> {
    const known = rooms.get(conversationId)
    const wasSubscribed = known?.isSubscribed === true
    const hadLaterEvents = known?.hasEventsAfter(seq) === true
    const room = await enterRoom(socket, { conversationId, membersSeq: seq, headSeq: seq })
    if (room === null) return
    await subscribe([room])
    const hasMissed = wasSubscribed ? hadLaterEvents : await isHeadAbove(conversationId, seq)
    if (hasMissed && room.memberAsOf(socket) !== null) socket.resync(conversationId)
  }

  /** Whether the head of the room's stream is above `seq`. True when the api cannot be asked. */
  async function isHeadAbove(conversationId: ConversationId, seq: Seq): Promise<boolean> {
    try {
      return (await backend.rooms({ conversationId, userIds: [] })).headSeq > seq
    } catch (error) {
      log(error, 'the head of a room could not be asked for; its client resyncs')
      return true
    }
  }

  return {
    async enter(socket, entered) {
      const { told } = stateOf(socket)
      const current = entered.filter(({ conversationId, membersSeq }) => (told?.get(conversationId) ?? 0) <= membersSeq)
      const found = await Promise.all(current.map(head => enterRoom(socket, head)))
      await subscribe(found.filter(room => room !== null))
    },
    async membersChanged(socket, frame) {
      const { conversationId, seq, joined, left } = frame.room
      const hasJoined = joined.includes(socket.userId)
      if (seq === null || (!hasJoined && !left.includes(socket.userId))) return
      const room = rooms.get(conversationId)
      const memberAsOf = room?.memberAsOf(socket) ?? 0
      if (memberAsOf > seq || !recordOwnChange(socket, conversationId, seq)) return

      socket.receive([frame])
      if (hasJoined) await enterByChange(socket, conversationId, seq)
      else room?.leave(socket)
    },
    lastOwnChange(socket, conversationId) {
      const told = states.get(socket)?.told?.get(conversationId) ?? null
      const memberAsOf = rooms.get(conversationId)?.memberAsOf(socket) ?? null
      return told !== null && memberAsOf !== null && told > memberAsOf ? told : (memberAsOf ?? told)
    },
    release(socket) {
      const state = states.get(socket)
      states.delete(socket)
      for (const room of state?.rooms ?? []) room.leave(socket)
    }
  }
}
