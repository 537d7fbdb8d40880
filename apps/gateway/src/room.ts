import type { ConversationId, RoomHead, Seq, UserId } from '@rendezvous/contract'
import { Backlog } from './backlog.ts'
import type { BatchedBackend } from './batches.ts'
import { type Census, takeCensus } from './census.ts'
import { Guests } from './guests.ts'
import { type Frame, isOfRoom, type RoomFacts, type RoomFrame } from './outgoing.ts'
import type { Timers } from './timers.ts'

/** After this time the api is asked again, when it could not be reached or knew no more than the room. */
export const RETRY_MS = 1_000

/** A socket that can be in rooms. None of these may throw. */
export interface Guest {
  readonly userId: UserId
  /** Frames to write, in order. */
  receive(frames: readonly Frame[]): void
  /** Events of the conversation may be missing. */
  resync(conversationId: ConversationId): void
}

/** What the rooms of a node share. */
export interface House {
  readonly backend: Pick<BatchedBackend, 'rooms'>
  readonly timers: Timers
  readonly log: (error: unknown, what: string) => void
  /** Over which time, in milliseconds, rooms ask what an interruption cost them. */
  readonly spreadMs: () => number
  /** What waits in all rooms. */
  readonly waiting: { bytes: number }
  /** Whether the guest has not been told yet that its own person came or went by the change `seq`. From now on it has. */
  learns(guest: Guest, conversationId: ConversationId, seq: Seq): boolean
  /** The room let the guest go. */
  gone(guest: Guest, room: Room): void
}

/**
 * The sockets of this node that are in one group, and the gate before them: every frame says of which change of members it knows, and one that
 * knows of a change that this room does not know waits, with all behind it, until the api has said who belongs. A change of members itself is
 * known when it follows directly on what went out last. ADR 15 has why that suffices. A class, since there is one a room.
 */
export class Room {
  readonly conversationId: ConversationId
  /** Whether what is published to its topic is known to come here. Kept by who subscribes it. */
  isLive = false
  readonly #house: House
  /** As of which change of members each guest is known to belong: what lies before it is not for him. */
  readonly #guests = new Guests<Guest>()
  /** The highest of those. */
  #newest: Seq
  /** As of which change all guests are known to belong. */
  #known: Seq
  /** Up to which change guests were judged who had been here before, and not told to resync: of what comes late from before it cannot be
   *  known who of them was inside. */
  #judged = 0 as Seq
  /** The highest value that went out, or that the first guest had when he came. */
  #last: Seq
  /** Null unless something waits for an answer. */
  #waiting: Backlog | null = null
  /** Something that waited was dropped for lack of room. */
  #isDropped = false
  /** The last value before an interruption whose cost is not known yet. */
  #lastHeard: Seq | null = null
  #asking = false
  /** What is being answered was asked too early. */
  #isStale = false

  constructor(house: House, conversationId: ConversationId, { membersSeq, headSeq }: Omit<RoomHead, 'conversationId'>) {
    this.#house = house
    this.conversationId = conversationId
    this.#newest = membersSeq
    this.#known = membersSeq
    this.#last = headSeq
  }

  get isEmpty(): boolean {
    return this.#guests.size === 0
  }

  /** As of which change the guest is known to belong; null for who is not here. */
  since(guest: Guest): Seq | null {
    return this.#guests.get(guest) ?? null
  }

  /** Whether it is past the change `seq`, so that who comes by it has missed something. */
  isPast(seq: Seq): boolean {
    return this.#last > seq || this.#known > seq
  }

  /** Lets in a guest who belongs as of the change `asOf`: he hears what comes after. False, and he stays outside, when the room knows of a
   *  later change: whether he belongs as of that one is to be asked. */
  enter(guest: Guest, asOf: Seq): boolean {
    const since = this.#guests.get(guest)
    if (since !== undefined && asOf <= later(since, this.#known)) return true
    if (asOf < this.#known) return false
    this.#guests.set(guest, asOf)
    this.#newest = later(this.#newest, asOf)
    return true
  }

  /** The guest hears nothing any more. */
  leave(guest: Guest): void {
    if (!this.#guests.delete(guest)) return
    if (this.isEmpty) this.#endWaiting()
    this.#house.gone(guest, this)
  }

  /** What came on the room's topic. */
  receive(frames: readonly Frame[]): void {
    if (this.#waiting === null && frames.every(frame => this.#isForAll(frame))) this.#tell(frames)
    else this.#takeEach(frames.filter(isOfRoom))
  }

  /** Some of what was published to the room's topic may not have come: the guests are told if that is so. */
  interrupted(): void {
    this.#lastHeard ??= this.#last
    this.#isStale = true
    this.#house.timers.after(this.#house.spreadMs(), () => {
      if (this.#lastHeard !== null) this.#ask()
    })
  }

  /** The ordinary frame: of members that are known, and none of them moves. */
  #isForAll({ room }: Frame): boolean {
    return room !== null && room.membersSeq <= this.#known && !isOfMembers(room)
  }

  #isKnown({ room }: RoomFrame): boolean {
    return room.membersSeq <= this.#known || (isOfMembers(room) && room.seq === this.#last + 1)
  }

  #takeEach(frames: readonly RoomFrame[]): void {
    for (const frame of frames) {
      if (this.isEmpty) return
      if (this.#waiting === null && this.#isKnown(frame)) this.#take(frame)
      else this.#wait(frame)
    }
    if (this.#waiting !== null) this.#ask()
  }

  #take(frame: RoomFrame): void {
    if (isOfMembers(frame.room) && frame.room.seq !== null) this.#move(frame, frame.room.seq)
    else this.#tell([frame])
  }

  /** Frames of members that are known: in one go, unless somebody came since. */
  #tell(frames: readonly Frame[]): void {
    this.#makeGood(frames)
    let lowest = Number.POSITIVE_INFINITY
    for (const frame of frames) lowest = Math.min(lowest, momentOf(frame))
    if (lowest >= this.#newest) for (const guest of this.#guests.all()) guest.receive(frames)
    else
      for (const [guest, since] of this.#guests) {
        const his = frames.filter(frame => momentOf(frame) >= since)
        if (his.length > 0) guest.receive(his)
      }
    for (const { room } of frames) this.#last = later(this.#last, room?.seq ?? this.#last)
  }

  /** Who was judged may have been inside when that was sent which came late. What he fetches now has all that may still come late. */
  #makeGood(frames: readonly Frame[]): void {
    const judged = this.#judged
    if (judged === 0 || !frames.some(({ room }) => (room?.seq ?? judged) < judged)) return
    this.#judged = 0 as Seq
    for (const [guest, since] of this.#guests) if (since <= judged) guest.resync(this.conversationId)
  }

  /** Who leaves hears of it, and nothing after it. */
  #move(frame: RoomFrame, seq: Seq): void {
    const { joined, left } = frame.room
    const [comers, leavers] = [new Set(joined), new Set(left)]
    this.#makeGood([frame])
    this.#last = later(this.#last, seq)
    this.#known = later(this.#known, seq)
    for (const [guest, since] of this.#guests) {
      if (since > seq) continue
      const isHis = comers.has(guest.userId) || leavers.has(guest.userId)
      if (!isHis || this.#house.learns(guest, this.conversationId, seq)) guest.receive([frame])
      if (leavers.has(guest.userId)) this.leave(guest)
    }
  }

  #wait(frame: RoomFrame): void {
    this.#waiting ??= new Backlog(this.#house.waiting)
    if (!this.#waiting.add(frame)) this.#isDropped = true
  }

  #endWaiting(): RoomFrame[] {
    const waiting = this.#waiting?.clear() ?? []
    this.#waiting = null
    return waiting
  }

  #ask(): void {
    if (this.#asking || this.isEmpty) return
    this.#asking = true
    this.#isStale = false
    const userIds = new Set([...this.#guests.all()].map(({ userId }) => userId))
    takeCensus(this.#house.backend, this.conversationId, [...userIds]).then(
      census => {
        this.#asking = false
        this.#settle(census)
      },
      error => {
        this.#house.log(error, 'who is in a room could not be asked')
        this.#askLater()
      }
    )
  }

  #askLater(): void {
    this.#asking = true
    this.#house.timers.after(RETRY_MS, () => {
      this.#asking = false
      this.#ask()
    })
  }

  /** Goes on with what is known now. What lies between the last value that went out and the change that the api told of is lost on the guests:
   *  who of them was inside then cannot be known. */
  #settle(census: Census): void {
    const { from, until, head } = census
    if (this.#isStale || this.#hasUnasked(census)) {
      this.#ask()
      return
    }
    const isNews = from > this.#known
    const isSkipped = until > this.#known && until > this.#last + 1
    const isLost = this.#isDropped || head > (this.#lastHeard ?? head)
    const judged = this.#judge(census)
    this.#known = later(this.#known, from)
    this.#isDropped = false
    this.#lastHeard = null
    if (!isLost && !isSkipped && judged.length > 0) this.#judged = later(this.#judged, until)
    for (const guest of isLost ? this.#guests.all() : isSkipped ? judged : []) guest.resync(this.conversationId)

    const waiting = this.#endWaiting()
    const [first] = waiting
    if (first !== undefined && !isNews && !this.#isKnown(first)) this.#askLater() // the api lags behind what it published
    this.#takeEach(waiting)
  }

  /** Whether somebody came meanwhile who is not known to belong as of the census. */
  #hasUnasked({ people, from }: Census): boolean {
    for (const [{ userId }, since] of this.#guests) if (since < from && !people.has(userId)) return true
    return false
  }

  /** Those who are out leave; the others, which it answers, are known to belong as of the census. Nobody is judged by what is older than what is
   *  known of him. */
  #judge({ people }: Census): Guest[] {
    const staying: Guest[] = []
    for (const [guest, since] of this.#guests) {
      const found = people.get(guest.userId)
      if (found === undefined || since >= found.asOf) continue
      this.#guests.set(guest, found.asOf)
      this.#newest = later(this.#newest, found.asOf)
      if (found.isIn) staying.push(guest)
      else this.leave(guest)
    }
    return staying
  }
}

function isOfMembers({ joined, left }: RoomFacts): boolean {
  return joined.length > 0 || left.length > 0
}

/** Where in the room's stream the frame stands; a courtesy as of the members that it knows of. */
function momentOf({ room }: Frame): number {
  return room?.seq ?? room?.membersSeq ?? 0
}

function later(one: Seq, other: Seq): Seq {
  return one > other ? one : other
}
