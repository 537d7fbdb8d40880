import { once } from 'node:events'
import { closeCodes, limits } from '@rendezvous/contract'
import WebSocket from 'ws'
import { eventProblem } from '../contract/frames.ts'
import type { ClientFrame } from './frame.ts'

/** Frames that wait for their answers at once: below what a server takes. */
const WINDOW = Math.floor(limits.commandsInFlight / 2)
const DEADLINE_MS = 60_000

/** Keeps a socket open, says frames on it, and notes everything that goes otherwise than it must. */
export interface Talker {
  /** Resolves when every frame was answered, and every socket that had to close has closed. */
  say(frames: readonly ClientFrame[]): Promise<void>
  close(): Promise<void>
  /** How many of its frames of each type were carried out. */
  readonly carriedOut: ReadonlyMap<unknown, number>
}

/** Talks to `address` as somebody whose frames are noted in `found` when they are not answered as they must be. */
export async function talker(address: string, protocols: string[], found: string[]): Promise<Talker> {
  let { socket, closed } = await open()
  const carriedOut = new Map<unknown, number>()
  let unreadable = 0
  let nameless = 0
  let done = () => {}
  const waiting = new Map<unknown, ClientFrame>()

  async function open(): Promise<{ socket: WebSocket; closed: Promise<number> }> {
    const made = new WebSocket(address, protocols)
    const ended = new Promise<number>(resolve => made.once('close', resolve))
    made.on('message', data => hear(String(data)))
    await once(made, 'open')
    return { socket: made, closed: ended }
  }

  function hear(text: string): void {
    const problem = eventProblem(text)
    if (problem !== null) found.push(`the server sent ${problem}`)
    const { type, ref, code } = JSON.parse(text)
    if (type !== 'ack' && type !== 'error') return

    if (['internal', 'unavailable', 'throttled', 'too_many_commands'].includes(code)) note(`is answered ${text}`, ref)
    if (type === 'ack') count(typeOf(waiting.get(ref)))
    if (ref === null) nameless -= 1
    else if (type === 'ack' && waiting.get(ref)?.isBroken) note('breaks its schema and is carried out', ref)
    if (nameless < 0 || (ref !== null && !waiting.delete(ref))) found.push(`nobody waited for ${text}`)
    if (waiting.size === 0 && nameless === 0) done()
  }

  function count(type: unknown): void {
    carriedOut.set(type, (carriedOut.get(type) ?? 0) + 1)
  }

  function note(what: string, ref: unknown): void {
    found.push(`${show(waiting.get(ref)) ?? 'a frame without ref'} ${what}`)
  }

  /** Sends and waits for as many answers. */
  async function exchange(frames: readonly ClientFrame[]): Promise<void> {
    if (frames.length === 0) return
    const answered = new Promise<void>(resolve => {
      done = resolve
    })
    for (const frame of frames) {
      if (frame.ref === null) nameless += 1
      else waiting.set(frame.ref, frame)
      socket.send(frame.data)
    }
    const gone = closed.then(code => `the socket closed with ${code}`)
    const late = rejectLate(() => `${waiting.size + nameless} frames were not answered`)
    const trouble = await Promise.race([answered.then(() => null), gone, late.promise])
    late.cancel()
    if (trouble === null) return
    found.push(`${trouble}; waiting were ${[...waiting.values()].map(show).join('\n')}`)
    await again()
  }

  async function again(): Promise<void> {
    socket.terminate()
    waiting.clear()
    nameless = 0
    unreadable = 0
    ;({ socket, closed } = await open())
  }

  async function endsWith(expected: number): Promise<void> {
    const code = await closed
    if (code !== expected) found.push(`the socket closed with ${code}, not with ${expected}`)
    await again()
  }

  async function sayOne(frame: ClientFrame): Promise<void> {
    if (frame.fate === 'too-big') {
      socket.send(frame.data)
      return endsWith(closeCodes.tooBig.code)
    }
    unreadable += 1
    const isLast = unreadable >= limits.badFrames
    await exchange([{ ...frame, ref: null }])
    if (isLast) await endsWith(closeCodes.badFrames.code)
  }

  return {
    async say(frames) {
      const plain = frames.filter(({ fate }) => fate === 'answered')
      for (let at = 0; at < plain.length; at += WINDOW) await exchange(plain.slice(at, at + WINDOW))
      for (const frame of frames) if (frame.fate !== 'answered') await sayOne(frame)
    },
    async close() {
      socket.close(1000)
      await closed
    },
    carriedOut
  }
}

function rejectLate(what: () => string) {
  let cancel = () => {}
  const promise = new Promise<string>(resolve => {
    const timer = setTimeout(() => resolve(what()), DEADLINE_MS)
    cancel = () => clearTimeout(timer)
  })
  return { promise, cancel }
}

/** Undefined for a frame without a ref, which is not remembered. */
function typeOf(frame: ClientFrame | undefined): unknown {
  return frame === undefined ? undefined : JSON.parse(frame.data.toString()).type
}

function show(frame: ClientFrame | undefined): string | undefined {
  return frame?.data.toString().slice(0, 1_000)
}
