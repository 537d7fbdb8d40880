import { setImmediate as turn } from 'node:timers/promises'
import type { RoomQuestion, RoomState, Seq, UserId } from '@rendezvous/contract'
import type { Frame, RoomFacts } from '../src/hub/frame.ts'
import { Room, type RoomContext, type RoomSocket } from '../src/rooms/room.ts'
import { club } from './gateway.ts'
import { manualTimers } from './manual-timers.ts'

interface Answer {
  readonly membersSeq: number
  readonly members: readonly UserId[]
  readonly headSeq?: number
}

/** A room whose last event, a change of members, is `seq`; and an api whose answers wait for `answer`. */
export function openRoom(seq: number) {
  const timers = manualTimers()
  const asked: RoomQuestion[] = []
  let waiting: { resolve: (state: RoomState) => void; reject: (error: Error) => void }[] = []
  const told = new Set<string>()
  const context: RoomContext = {
    backend: {
      rooms(question) {
        asked.push(question)
        return new Promise((resolve, reject) => waiting.push({ resolve, reject }))
      }
    },
    timers,
    log: () => undefined,
    spreadMs: () => 100,
    backlogTotal: { bytes: 0 },
    recordOwnChange(socket, _, change) {
      const key = `${socket.userId} ${change}`
      if (told.has(key)) return false
      told.add(key)
      return true
    },
    onLeave: () => undefined
  }
  const room = new Room(context, club, { membersSeq: seq as Seq, headSeq: seq as Seq })

  const settleAll = async (act: (call: (typeof waiting)[number], index: number) => void) => {
    const calls = waiting
    waiting = []
    calls.forEach(act)
    await turn()
  }
  return {
    room,
    context,
    timers,
    asked,
    /** Answers all waiting requests. Without `headSeq`, the change of members is the last event. */
    answer: ({ membersSeq, members, headSeq = membersSeq }: Answer) =>
      settleAll(({ resolve }) =>
        resolve({ membersSeq: membersSeq as Seq, headSeq: headSeq as Seq, memberIds: [...members] })
      ),
    /** Answers each waiting question by its index. */
    answerEach: (state: (index: number) => RoomState) => settleAll(({ resolve }, index) => resolve(state(index))),
    fail: () => settleAll(({ reject }) => reject(new Error('no api'))),
    enter: (userId: UserId, asOf = seq) => enter(room, userId, asOf)
  }
}

/** Adds a socket to the room. `received` has what it gets: each `seq`, texts of courtesies, `resync`. */
function enter(room: Room, userId: UserId, asOf: number) {
  const received: (number | string)[] = []
  const socket: RoomSocket = {
    userId,
    receive: frames => void received.push(...frames.map(frame => frame.room?.seq ?? frame.bytes.toString())),
    resync: () => void received.push('resync')
  }
  const entered = room.enter(socket, asOf as Seq)
  return { socket, received, entered }
}

/** The event `seq`, whose publisher knew `membersSeq` as the last change of members. */
export function frame(
  seq: number,
  membersSeq: number,
  changes: Partial<Pick<RoomFacts, 'joined' | 'left'>> = {}
): Frame {
  const facts = { conversationId: club, seq: seq as Seq, membersSeq: membersSeq as Seq, joined: [], left: [] }
  return { bytes: Buffer.from(`event ${seq}`), message: null, room: { ...facts, ...changes }, dialect: null }
}

/** A courtesy. */
export function typing(membersSeq: number): Frame {
  const facts = { conversationId: club, seq: null, membersSeq: membersSeq as Seq, joined: [], left: [] }
  return { bytes: Buffer.from(`typing as of ${membersSeq}`), message: null, room: facts, dialect: null }
}

/** The change by which users left. */
export const left = (seq: number, ...userIds: UserId[]) => frame(seq, seq, { left: userIds })

/** The change by which users joined. */
export const joined = (seq: number, ...userIds: UserId[]) => frame(seq, seq, { joined: userIds })
