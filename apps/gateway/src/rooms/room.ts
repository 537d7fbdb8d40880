import type { ConversationId, RoomHead, Seq, UserId } from '@rendezvous/contract'
import type { BatchedBackend } from '../backend/batches.ts'
import { type Frame, isOfRoom, type RoomFacts, type RoomFrame } from '../hub/frame.ts'
import type { Timers } from '../timers.ts'
import { Backlog } from './backlog.ts'
import { checkMembers, type MemberCheck } from './member-check.ts'
import { RoomSockets } from './room-sockets.ts'

/** Delay before the room asks the api again, because the api failed or its answer was too old. */
export const RETRY_MS = 1_000

/** A socket that can be in rooms. Its methods must not throw. */
export interface RoomSocket {
  readonly userId: UserId
  /** Writes the frames, in order. */
  receive(frames: readonly Frame[]): void
  /** Tells the client that it may have missed events of the conversation. */
  resync(conversationId: ConversationId): void
}

/** What the rooms of a node share. */
export interface RoomContext {
  readonly backend: Pick<BatchedBackend, 'rooms'>
  readonly timers: Timers
  readonly log: (error: unknown, what: string) => void
  /** How many milliseconds a room waits after an interruption before it asks the api. Random, so that rooms do not all
   *  ask at once. */
  readonly spreadMs: () => number
  /** Counts the bytes that wait in all rooms. */
  readonly backlogTotal: { bytes: number }
  /** Marks the user's own join or leave at `seq` as sent to the socket. Returns false when this change or a later one
   *  was sent before. */
  recordOwnChange(socket: RoomSocket, conversationId: ConversationId, seq: Seq): boolean
  /** Called after the socket left the room. */
  onLeave(socket: RoomSocket, room: Room): void
}

/**
 * The sockets of one group on this node. Decides which of them may get a frame, by the rules of ADR 15.
 *
 * - Each socket has a `memberAsOf`: the seq of the latest change of members at which its user was confirmed as a
 *   member. The socket gets no earlier frames.
 * - The room knows all changes of members up to `#membersSeq`, and has sent frames up to `#releasedSeq`.
 * - A frame names the last change of members that its publisher knew. If the room knows that change, it sends the
 *   frame.
 * - A change of members that directly follows `#releasedSeq` is applied and sent.
 * - Any other frame goes to the backlog. All later frames wait behind it, until the api says which users are members.
 *
 * A class, because there is one for each room and closures take more memory.
 */
export class Room {
  readonly conversationId: ConversationId
  /** Whether the subscription of the room's topic is confirmed. Set by the caller that subscribes it. */
  isSubscribed = false
  readonly #context: RoomContext
  readonly #sockets = new RoomSockets<RoomSocket>()
  /** The highest `memberAsOf` of all sockets that have been here. */
  #highestMemberAsOf: Seq
  /** The latest change of members that the room knows. */
  #membersSeq: Seq
  /** The highest seq that the room has sent. Starts as the head of the stream when the room was created. */
  #releasedSeq: Seq
  /** Seq of the last api answer that confirmed sockets without a resync. An older frame that arrives later makes them
   *  resync. 0: no such answer. */
  #confirmedSeq = 0 as Seq
  /** Null unless frames wait for the api's answer. */
  #backlog: Backlog | null = null
  /** Whether the backlog exceeded a limit and was dropped. */
  #hasDropped = false
  /** `#releasedSeq` before the first interruption that the room has not checked with the api. Null: none. */
  #seqBeforeInterruption: Seq | null = null
  /** A request to the api is running or scheduled. */
  #isAsking = false
  /** Whether an interruption came after the request was sent, so that its answer may be too old. */
  #isAnswerStale = false

  constructor(
    context: RoomContext,
    conversationId: ConversationId,
    { membersSeq, headSeq }: Omit<RoomHead, 'conversationId'>
  ) {
    this.#context = context
    this.conversationId = conversationId
    this.#highestMemberAsOf = membersSeq
    this.#membersSeq = membersSeq
    this.#releasedSeq = headSeq
  }

  get isEmpty(): boolean {
    return this.#sockets.size === 0
  }

  /** The seq of the latest change of members at which the socket's user was confirmed as a member. Null when the socket
   *  is not here. */
  memberAsOf(socket: RoomSocket): Seq | null {
    return this.#sockets.get(socket) ?? null
  }

  /** Whether the room already processed events after `seq`. A socket that enters with `seq` then missed some. */
  hasEventsAfter(seq: Seq): boolean {
    return this.#releasedSeq > seq || this.#membersSeq > seq
  }

  /** Adds a socket whose user is a member as of `asOf`. Returns true also if the socket is already here. Returns false
   *  if it is not, and the room knows a later change: the caller must then ask the api. */
  enter(socket: RoomSocket, asOf: Seq): boolean {
    const memberAsOf = this.#sockets.get(socket)
    if (memberAsOf !== undefined && asOf <= higher(memberAsOf, this.#membersSeq)) return true
    if (asOf < this.#membersSeq) return false
    this.#sockets.set(socket, asOf)
    this.#highestMemberAsOf = higher(this.#highestMemberAsOf, asOf)
    return true
  }

  /** Removes the socket: it gets no more frames. */
  leave(socket: RoomSocket): void {
    if (!this.#sockets.delete(socket)) return
    if (this.isEmpty) this.#clearBacklog()
    this.#context.onLeave(socket, this)
  }

  /** Processes frames that arrived on the room's topic: sends them, or adds them to the backlog. */
  receive(frames: readonly Frame[]): void {
    if (this.#backlog === null && frames.every(frame => this.#isOrdinary(frame))) this.#deliver(frames)
    else this.#processEach(frames.filter(isOfRoom))
  }

  /** Frames of the room's topic may have been lost. Asks the api, and tells the sockets to resync if some were. */
  onInterruption(): void {
    this.#seqBeforeInterruption ??= this.#releasedSeq
    this.#isAnswerStale = true
    this.#context.timers.after(this.#context.spreadMs(), () => {
      if (this.#seqBeforeInterruption !== null) this.#ask()
    })
  }

  /** Whether the frame does not change members, and the room knows the change that it names. */
  #isOrdinary({ room }: Frame): boolean {
    return room !== null && room.membersSeq <= this.#membersSeq && !changesMembers(room)
  }

  /** Whether the frame can be processed without asking the api. */
  #canProcess({ room }: RoomFrame): boolean {
    return room.membersSeq <= this.#membersSeq || (changesMembers(room) && room.seq === this.#releasedSeq + 1)
  }

  #processEach(frames: readonly RoomFrame[]): void {
    for (const frame of frames) {
      if (this.isEmpty) return
      if (this.#backlog === null && this.#canProcess(frame)) this.#process(frame)
      else this.#hold(frame)
    }
    if (this.#backlog !== null) this.#ask()
  }

  #process(frame: RoomFrame): void {
    if (changesMembers(frame.room) && frame.room.seq !== null) this.#changeMembers(frame, frame.room.seq)
    else this.#deliver([frame])
  }

  /** Sends each socket the frames that are not older than its `memberAsOf`. */
  #deliver(frames: readonly Frame[]): void {
    this.#resyncIfLate(frames)
    let lowest = Number.POSITIVE_INFINITY
    for (const frame of frames) lowest = Math.min(lowest, positionOf(frame))
    if (lowest >= this.#highestMemberAsOf) {
      // every socket may get every frame, so skip the filter
      for (const socket of this.#sockets.all()) socket.receive(frames)
    } else
      for (const [socket, memberAsOf] of this.#sockets) {
        const permitted = frames.filter(frame => positionOf(frame) >= memberAsOf)
        if (permitted.length > 0) socket.receive(permitted)
      }
    for (const { room } of frames) this.#releasedSeq = higher(this.#releasedSeq, room?.seq ?? this.#releasedSeq)
  }

  /** Confirmed sockets may have been members when a late frame was sent. Asks them to resync, once: one resync fetches
   *  all late frames. */
  #resyncIfLate(frames: readonly Frame[]): void {
    const confirmed = this.#confirmedSeq
    if (confirmed === 0 || !frames.some(({ room }) => (room?.seq ?? confirmed) < confirmed)) return
    this.#confirmedSeq = 0 as Seq
    for (const [socket, memberAsOf] of this.#sockets) if (memberAsOf <= confirmed) socket.resync(this.conversationId)
  }

  /** Applies a change of members. Sockets of users who left get this frame and no later one. */
  #changeMembers(frame: RoomFrame, seq: Seq): void {
    const [joined, left] = [new Set(frame.room.joined), new Set(frame.room.left)]
    this.#resyncIfLate([frame])
    this.#releasedSeq = higher(this.#releasedSeq, seq)
    this.#membersSeq = higher(this.#membersSeq, seq)
    for (const [socket, memberAsOf] of this.#sockets) {
      if (memberAsOf > seq) continue
      const isOwn = joined.has(socket.userId) || left.has(socket.userId)
      if (!isOwn || this.#context.recordOwnChange(socket, this.conversationId, seq)) socket.receive([frame])
      if (left.has(socket.userId)) this.leave(socket)
    }
  }

  #hold(frame: RoomFrame): void {
    this.#backlog ??= new Backlog(this.#context.backlogTotal)
    if (!this.#backlog.add(frame)) this.#hasDropped = true
  }

  /** Removes all frames from the backlog and returns them. */
  #clearBacklog(): RoomFrame[] {
    const frames = this.#backlog?.clear() ?? []
    this.#backlog = null
    return frames
  }

  /** Asks the api which users are members, unless a request is running or scheduled. */
  #ask(): void {
    if (this.#isAsking || this.isEmpty) return
    this.#isAsking = true
    this.#isAnswerStale = false
    const userIds = new Set([...this.#sockets.all()].map(({ userId }) => userId))
    checkMembers(this.#context.backend, this.conversationId, [...userIds]).then(
      check => {
        this.#isAsking = false
        this.#apply(check)
      },
      error => {
        this.#context.log(error, 'the members of a room could not be asked for; asking again')
        this.#askLater()
      }
    )
  }

  #askLater(): void {
    this.#isAsking = true
    this.#context.timers.after(RETRY_MS, () => {
      this.#isAsking = false
      this.#ask()
    })
  }

  /** Applies the api's answer, then processes the backlog. For frames between `#releasedSeq` and the answer the members
   *  are unknown: confirmed sockets do not get them and resync. */
  #apply(check: MemberCheck): void {
    const { lowestSeq, highestSeq, headSeq } = check
    if (this.#isAnswerStale || this.#hasUnchecked(check)) {
      this.#ask()
      return
    }
    const isNewer = lowestSeq > this.#membersSeq
    // some frames before the confirmed change were never released
    const hasGap = highestSeq > this.#membersSeq && highestSeq > this.#releasedSeq + 1
    const hasLost = this.#hasDropped || headSeq > (this.#seqBeforeInterruption ?? headSeq)
    const confirmed = this.#updateSockets(check)
    this.#membersSeq = higher(this.#membersSeq, lowestSeq)
    this.#hasDropped = false
    this.#seqBeforeInterruption = null
    if (!hasLost && !hasGap && confirmed.length > 0) this.#confirmedSeq = higher(this.#confirmedSeq, highestSeq)
    const incomplete = hasLost ? this.#sockets.all() : hasGap ? confirmed : []
    for (const socket of incomplete) socket.resync(this.conversationId)

    const frames = this.#clearBacklog()
    const [first] = frames
    // the api's answer is older than this frame, so ask again later
    if (first !== undefined && !isNewer && !this.#canProcess(first)) this.#askLater()
    this.#processEach(frames)
  }

  /** Whether a socket with a `memberAsOf` older than the answer entered during the request. The answer then does not
   *  cover its user. */
  #hasUnchecked({ users, lowestSeq }: MemberCheck): boolean {
    for (const [{ userId }, memberAsOf] of this.#sockets) if (memberAsOf < lowestSeq && !users.has(userId)) return true
    return false
  }

  /** Removes sockets whose users are no longer members. The others get the answer's change as their `memberAsOf` and
   *  are returned as confirmed. A socket whose `memberAsOf` is as new as the answer stays as it is. */
  #updateSockets({ users }: MemberCheck): RoomSocket[] {
    const confirmed: RoomSocket[] = []
    for (const [socket, memberAsOf] of this.#sockets) {
      const found = users.get(socket.userId)
      if (found === undefined || memberAsOf >= found.asOf) continue
      this.#sockets.set(socket, found.asOf)
      this.#highestMemberAsOf = higher(this.#highestMemberAsOf, found.asOf)
      if (found.isMember) confirmed.push(socket)
      else this.leave(socket)
    }
    return confirmed
  }
}

function changesMembers({ joined, left }: RoomFacts): boolean {
  return joined.length > 0 || left.length > 0
}

/** The frame's `seq`. A courtesy has no seq, so its `membersSeq` is used. */
function positionOf({ room }: Frame): number {
  return room?.seq ?? room?.membersSeq ?? 0
}

function higher(one: Seq, other: Seq): Seq {
  return one > other ? one : other
}
