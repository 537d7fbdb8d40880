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
import { commandQueue } from './queue.ts'

/** The read side of one socket: frames in, answers out. */
export interface Intake {
  read(data: Buffer, isBinary: boolean): void
  /** Counts a ping or pong of the protocol. False when it is refused, and not to be answered. */
  control(): boolean
  /** Commands that were not handed on yet are dropped: their sender may not command any more. */
  stop(): void
}

/** Answers every frame through `send`. After `limits.badFrames` frames that could not be read, `onTooMany` is called; after what
 *  `guard` bears of frames that came in spite of `throttled`, `onFlood` is. */
export function intake(options: {
  readonly claims: Claims
  readonly node: Pick<Node, 'backend' | 'voice'>
  readonly guard: Guard
  readonly send: (frame: string) => void
  readonly onTooMany: () => void
  readonly onFlood: () => void
}): Intake {
  const { claims, guard, send, onTooMany, onFlood } = options
  const { backend, voice } = options.node
  let badFrames = 0

  const refuse = (ref: CommandRef | null, error: ApiError) => send(voice.error(ref, error))
  const queue = commandQueue(
    command => backend.execute({ claims, command }),
    (ref, result) => {
      send(voice.result(ref, result))
      for (const stream of beyond(result)) send(voice.resync(stream))
    }
  )

  function countBadFrame(): void {
    badFrames += 1
    refuse(null, new ApiError('bad_frame'))
    if (badFrames >= limits.badFrames) onTooMany()
  }

  function take(command: Command): void {
    const ref = command.ref ?? null
    if (command.type === 'ping') send(voice.ack(ref, {}))
    else if (!queue.push(command)) refuse(ref, new ApiError('too_many_commands'))
  }

  /** Parses for the sake of the ref alone: `guard` bounds how often. */
  function refuseEarly(frame: ClientFrame | null, wait: number): void {
    const reading = frame === null ? null : readCommand(frame)
    const ref = reading?.ok ? reading.command.ref : reading?.ref
    refuse(ref ?? null, throttled(wait))
  }

  return {
    read(data, isBinary) {
      const wait = guard.count()
      if (wait > 0) return guard.bear() ? refuseEarly(readFrame(data, isBinary), wait) : onFlood()

      const frame = readFrame(data, isBinary)
      if (frame === null) return countBadFrame()

      const reading = readCommand(frame)
      if (reading.ok) take(reading.command)
      else refuse(reading.ref, reading.error)
    },
    control() {
      const wait = guard.count()
      if (wait === 0) return true
      if (guard.bear()) refuse(null, throttled(wait))
      else onFlood()
      return false
    },
    stop: queue.clear
  }
}

/** The streams that have not come as far as the client claimed. */
function beyond(result: CommandResult): readonly string[] {
  return result.ok || result.code !== 'bad_position' ? [] : (result.fields?.ranges ?? [])
}
