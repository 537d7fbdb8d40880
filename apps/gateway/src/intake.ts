import {
  ApiError,
  type Claims,
  type Command,
  type CommandRef,
  type CommandResult,
  limits,
  throttled
} from '@rendezvous/contract'
import { readCommand } from './command.ts'
import type { Guard } from './flood.ts'
import { type ClientFrame, readFrame } from './frame.ts'
import type { Node } from './node.ts'
import { type CommandQueue, commandQueue } from './queue.ts'

/** The socket whose frames are taken in. */
export interface Speaker {
  readonly claims: Claims
  readonly node: Pick<Node, 'backend' | 'voice'>
  readonly guard: Guard
  /** Answers. */
  send(frame: string): void
  /** `limits.badFrames` frames could not be read. */
  onTooMany(): void
  /** More frames came in spite of `throttled` than `guard` bears. */
  onFlood(): void
}

/** The read side of one socket: frames in, answers out. A class, since there is one a socket. */
export class Intake {
  readonly #speaker: Speaker
  #badFrames = 0
  /** Null before the first command. */
  #queue: CommandQueue | null = null

  constructor(speaker: Speaker) {
    this.#speaker = speaker
  }

  /** Every frame is answered. */
  read(data: Buffer, isBinary: boolean): void {
    const { guard } = this.#speaker
    const wait = guard.count()
    if (wait > 0) {
      if (guard.bear()) this.#refuseEarly(readFrame(data, isBinary), wait)
      else this.#speaker.onFlood()
      return
    }
    const frame = readFrame(data, isBinary)
    if (frame === null) {
      this.#countBadFrame()
      return
    }
    const reading = readCommand(frame)
    if (reading.ok) this.#take(reading.command)
    else this.#refuse(reading.ref, reading.error)
  }

  /** Counts a ping or pong of the protocol. False when it is refused, and not to be answered. */
  control(): boolean {
    const { guard } = this.#speaker
    const wait = guard.count()
    if (wait === 0) return true
    if (guard.bear()) this.#refuse(null, throttled(wait))
    else this.#speaker.onFlood()
    return false
  }

  /** Commands that were not handed on yet are dropped: their sender may not command any more. */
  stop(): void {
    this.#queue?.clear()
  }

  #take(command: Command): void {
    const { node } = this.#speaker
    const ref = command.ref ?? null
    if (command.type === 'ping') this.#speaker.send(node.voice.ack(ref, {}))
    else {
      this.#queue ??= queueOf(this.#speaker)
      if (!this.#queue.push(command)) this.#refuse(ref, new ApiError('too_many_commands'))
    }
  }

  #refuse(ref: CommandRef | null, error: ApiError): void {
    this.#speaker.send(this.#speaker.node.voice.error(ref, error))
  }

  /** Parses for the sake of the ref alone: the guard bounds how often. */
  #refuseEarly(frame: ClientFrame | null, wait: number): void {
    const reading = frame === null ? null : readCommand(frame)
    const ref = reading?.ok ? reading.command.ref : reading?.ref
    this.#refuse(ref ?? null, throttled(wait))
  }

  #countBadFrame(): void {
    this.#badFrames += 1
    this.#refuse(null, new ApiError('bad_frame'))
    if (this.#badFrames >= limits.badFrames) this.#speaker.onTooMany()
  }
}

function queueOf(speaker: Speaker): CommandQueue {
  const { claims, node } = speaker
  return commandQueue(
    command => node.backend.execute({ claims, command }),
    (ref, result) => {
      speaker.send(node.voice.result(ref, result))
      for (const stream of beyond(result)) speaker.send(node.voice.resync(stream))
    }
  )
}

/** The streams that have not come as far as the client claimed. */
function beyond(result: CommandResult): readonly string[] {
  return result.ok || result.code !== 'bad_position' ? [] : (result.fields?.ranges ?? [])
}
