import { ApiError, type Claims, type Command, type CommandRef, limits } from '@rendezvous/contract'
import { readCommand } from './command.ts'
import { readFrame } from './frame.ts'
import type { Node } from './node.ts'
import { commandQueue } from './queue.ts'

/** The read side of one socket: frames in, answers out. */
export interface Intake {
  read(data: Buffer, isBinary: boolean): void
  /** Commands that were not handed on yet are dropped: their sender may not command any more. */
  stop(): void
}

/** Answers every frame through `send`. After `limits.badFrames` frames that could not be read, `onTooMany` is called. */
export function intake(options: {
  readonly claims: Claims
  readonly node: Pick<Node, 'backend' | 'voice'>
  readonly send: (frame: string) => void
  readonly onTooMany: () => void
}): Intake {
  const { claims, send, onTooMany } = options
  const { backend, voice } = options.node
  let badFrames = 0

  const refuse = (ref: CommandRef | null, error: ApiError) => send(voice.error(ref, error))
  const queue = commandQueue(
    command => backend.execute({ claims, command }),
    (ref, result) => send(voice.result(ref, result))
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

  return {
    read(data, isBinary) {
      const frame = readFrame(data, isBinary)
      if (frame === null) return countBadFrame()

      const reading = readCommand(frame)
      if (reading.ok) take(reading.command)
      else refuse(reading.ref, reading.error)
    },
    stop: queue.clear
  }
}
