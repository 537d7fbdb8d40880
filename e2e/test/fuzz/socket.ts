import { once } from 'node:events'
import { closeCodes, limits } from '@rendezvous/contract'
import WebSocket from 'ws'
import { eventProblem } from '../contract/frames.ts'
import type { ClientFrame } from './frame.ts'

/** The most frames that await answers at once: below the server's bound. */
const WINDOW = Math.floor(limits.commandsInFlight / 2)
const DEADLINE_MS = 60_000

/** Sends frames on a socket, opens it again when it closes, and records every violation. */
export interface FuzzSocket {
  /** Sends `frames`. Resolves when every frame was answered, and every socket that had to close has closed. */
  send(frames: readonly ClientFrame[]): Promise<void>
  close(): Promise<void>
  /** The number of acknowledged frames, by type. */
  readonly acknowledged: ReadonlyMap<unknown, number>
}

/** Opens a socket to `address`. Violations are added to `found`. */
export async function openFuzzSocket(address: string, protocols: string[], found: string[]): Promise<FuzzSocket> {
  let { socket, closed } = await open()
  const acknowledged = new Map<unknown, number>()
  let unreadable = 0
  let withoutRef = 0
  let done = () => {}
  const waiting = new Map<unknown, ClientFrame>()

  async function open(): Promise<{ socket: WebSocket; closed: Promise<number> }> {
    const made = new WebSocket(address, protocols)
    const ended = new Promise<number>(resolve => made.once('close', resolve))
    made.on('message', data => onMessage(String(data)))
    await once(made, 'open')
    return { socket: made, closed: ended }
  }

  function onMessage(text: string): void {
    const problem = eventProblem(text)
    if (problem !== null) found.push(`the server sent ${problem}`)
    const { type, ref, code } = JSON.parse(text)
    if (type !== 'ack' && type !== 'error') return

    if (['internal', 'unavailable', 'throttled', 'too_many_commands'].includes(code))
      report(`is answered with ${text}`, ref)
    if (type === 'ack') count(typeOf(waiting.get(ref)))
    if (ref === null) withoutRef -= 1
    else if (type === 'ack' && waiting.get(ref)?.isBroken) report('violates its schema and is acknowledged', ref)
    if (withoutRef < 0 || (ref !== null && !waiting.delete(ref))) found.push(`an answer without a frame: ${text}`)
    if (waiting.size === 0 && withoutRef === 0) done()
  }

  function count(type: unknown): void {
    acknowledged.set(type, (acknowledged.get(type) ?? 0) + 1)
  }

  function report(what: string, ref: unknown): void {
    found.push(`${show(waiting.get(ref)) ?? 'a frame without ref'} ${what}`)
  }

  /** Sends `frames`, and resolves when all are answered, or the socket closed or the deadline passed. */
  async function exchange(frames: readonly ClientFrame[]): Promise<void> {
    if (frames.length === 0) return
    const answered = new Promise<void>(resolve => {
      done = resolve
    })
    for (const frame of frames) {
      if (frame.ref === null) withoutRef += 1
      else waiting.set(frame.ref, frame)
      socket.send(frame.data)
    }
    const gone = closed.then(code => `the socket closed with ${code}`)
    const late = rejectLate(() => `${waiting.size + withoutRef} frames were not answered`)
    const failure = await Promise.race([answered.then(() => null), gone, late.promise])
    late.cancel()
    if (failure === null) return
    found.push(`${failure}; unanswered: ${[...waiting.values()].map(show).join('\n')}`)
    await reopen()
  }

  async function reopen(): Promise<void> {
    socket.terminate()
    waiting.clear()
    withoutRef = 0
    unreadable = 0
    ;({ socket, closed } = await open())
  }

  async function expectClose(expected: number): Promise<void> {
    const code = await closed
    if (code !== expected) found.push(`the socket closed with ${code}, not with ${expected}`)
    await reopen()
  }

  async function sendOne(frame: ClientFrame): Promise<void> {
    if (frame.outcome === 'too-big') {
      socket.send(frame.data)
      return expectClose(closeCodes.tooBig.code)
    }
    unreadable += 1
    const isLast = unreadable >= limits.badFrames
    await exchange([{ ...frame, ref: null }])
    if (isLast) await expectClose(closeCodes.badFrames.code)
  }

  return {
    async send(frames) {
      const plain = frames.filter(({ outcome }) => outcome === 'answered')
      for (let at = 0; at < plain.length; at += WINDOW) await exchange(plain.slice(at, at + WINDOW))
      for (const frame of frames) if (frame.outcome !== 'answered') await sendOne(frame)
    },
    async close() {
      socket.close(1000)
      await closed
    },
    acknowledged
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

/** The type of a frame; undefined for a frame without a `ref`, which is not kept. */
function typeOf(frame: ClientFrame | undefined): unknown {
  return frame === undefined ? undefined : JSON.parse(frame.data.toString()).type
}

function show(frame: ClientFrame | undefined): string | undefined {
  return frame?.data.toString().slice(0, 1_000)
}
