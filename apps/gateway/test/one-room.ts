import { setImmediate as turn } from 'node:timers/promises'
import type { RoomQuestion, RoomState, Seq, UserId } from '@rendezvous/contract'
import type { Frame, RoomFacts } from '../src/outgoing.ts'
import { type Guest, type House, Room } from '../src/room.ts'
import { club } from './gateway.ts'
import { manualTimers } from './manual-timers.ts'

/** A room that changed last with `seq`, its members too; and an api that says what it is told to, once `answer` lets it. */
export function openRoom(seq: number) {
  const timers = manualTimers()
  const asked: RoomQuestion[] = []
  let waiting: { resolve: (state: RoomState) => void; reject: (error: Error) => void }[] = []
  const told = new Set<string>()
  const house: House = {
    backend: {
      rooms(question) {
        asked.push(question)
        return new Promise((resolve, reject) => waiting.push({ resolve, reject }))
      }
    },
    timers,
    log: () => undefined,
    spreadMs: () => 100,
    waiting: { bytes: 0 },
    learns(guest, _, change) {
      const key = `${guest.userId} ${change}`
      if (told.has(key)) return false
      told.add(key)
      return true
    },
    gone: () => undefined
  }
  const room = new Room(house, club, { membersSeq: seq as Seq, headSeq: seq as Seq })

  const settle = async (act: (call: (typeof waiting)[number], index: number) => void) => {
    const calls = waiting
    waiting = []
    calls.forEach(act)
    await turn()
  }
  return {
    room,
    house,
    timers,
    asked,
    answer: (membersSeq: number, memberIds: UserId[], headSeq = membersSeq) =>
      settle(({ resolve }) => resolve({ membersSeq: membersSeq as Seq, headSeq: headSeq as Seq, memberIds })),
    /** Each question by itself. */
    answerEach: (state: (index: number) => RoomState) => settle(({ resolve }, index) => resolve(state(index))),
    fail: () => settle(({ reject }) => reject(new Error('no api'))),
    seat: (userId: UserId, asOf = seq) => seat(room, userId, asOf)
  }
}

/** Somebody in the room, and what he got: values of the stream, texts of courtesies, `resync`. */
function seat(room: Room, userId: UserId, asOf: number) {
  const got: (number | string)[] = []
  const guest: Guest = {
    userId,
    receive: frames => void got.push(...frames.map(frame => frame.room?.seq ?? frame.bytes.toString())),
    resync: () => void got.push('resync')
  }
  const entered = room.enter(guest, asOf as Seq)
  return { guest, got, entered }
}

/** The change `seq`, by whose publisher the members changed last with `membersSeq`. */
export function frame(seq: number, membersSeq: number, moves: Partial<Pick<RoomFacts, 'joined' | 'left'>> = {}): Frame {
  const facts = { conversationId: club, seq: seq as Seq, membersSeq: membersSeq as Seq, joined: [], left: [] }
  return { bytes: Buffer.from(`event ${seq}`), message: null, room: { ...facts, ...moves } }
}

/** A courtesy. */
export function typing(membersSeq: number): Frame {
  const facts = { conversationId: club, seq: null, membersSeq: membersSeq as Seq, joined: [], left: [] }
  return { bytes: Buffer.from(`typing as of ${membersSeq}`), message: null, room: facts }
}

/** The change by which people left. */
export const left = (seq: number, ...userIds: UserId[]) => frame(seq, seq, { left: userIds })

/** The change by which people came. */
export const joined = (seq: number, ...userIds: UserId[]) => frame(seq, seq, { joined: userIds })
