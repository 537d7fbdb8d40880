import {
  ApiError,
  type Claims,
  type Command,
  type CommandRef,
  type CommandResult,
  limits,
  throttled
} from '@rendezvous/contract'
import type { Node } from '../node.ts'
import type { SocketQuota } from '../upgrade/quota.ts'
import { type ClientFrame, readFrame } from './client-frame.ts'
import { readCommand, repeatable } from './command.ts'
import { type CommandQueue, commandQueue } from './queue.ts'

/** The socket whose commands are read. */
export interface CommandSender {
  readonly claims: Claims
  readonly node: Pick<Node, 'backend' | 'serverFrames' | 'timers'>
  readonly quota: SocketQuota
  /** Writes an answer. */
  send(frame: string): void
  /** Called when `limits.badFrames` frames could not be read. */
  onTooMany(): void
  /** Called when the client was throttled too often. */
  onFlood(): void
}

/** Reads the frames of one socket and answers them. A class, because there is one for each socket. */
export class CommandReader {
  readonly #sender: CommandSender
  #badFrames = 0
  /** Null before the first command. */
  #queue: CommandQueue | null = null

  constructor(sender: CommandSender) {
    this.#sender = sender
  }

  /** Reads one frame. Every frame gets an answer. */
  read(data: Buffer, isBinary: boolean): void {
    const { quota } = this.#sender
    const wait = quota.count()
    if (wait > 0) {
      if (quota.countRefused()) this.#refuseThrottled(readFrame(data, isBinary), wait)
      else this.#sender.onFlood()
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

  /** Counts a WebSocket ping or pong. False when it is over the limit and must not be answered. */
  control(): boolean {
    const { quota } = this.#sender
    const wait = quota.count()
    if (wait === 0) return true
    if (quota.countRefused()) this.#refuse(null, throttled(wait))
    else this.#sender.onFlood()
    return false
  }

  /** Drops commands that were not sent to the api yet, since their sender lost the right to send them. */
  stop(): void {
    this.#queue?.clear()
  }

  #take(command: Command): void {
    const { node } = this.#sender
    const ref = command.ref ?? null
    if (command.type === 'ping') this.#sender.send(node.serverFrames.ack(ref, {}))
    else {
      this.#queue ??= queueOf(this.#sender)
      if (!this.#queue.push(repeatable(command))) this.#refuse(ref, new ApiError('too_many_commands'))
    }
  }

  #refuse(ref: CommandRef | null, error: ApiError): void {
    this.#sender.send(this.#sender.node.serverFrames.error(ref, error))
  }

  /** Parses the frame only to answer its `ref`. The quota bounds how often. */
  #refuseThrottled(frame: ClientFrame | null, wait: number): void {
    const reading = frame === null ? null : readCommand(frame)
    const ref = reading?.ok ? reading.command.ref : reading?.ref
    this.#refuse(ref ?? null, throttled(wait))
  }

  #countBadFrame(): void {
    this.#badFrames += 1
    this.#refuse(null, new ApiError('bad_frame'))
    if (this.#badFrames >= limits.badFrames) this.#sender.onTooMany()
  }
}

function queueOf(sender: CommandSender): CommandQueue {
  const { claims, node } = sender
  return commandQueue(
    command => node.backend.execute({ claims, command }),
    (ref, result) => {
      sender.send(node.serverFrames.result(ref, result))
      for (const stream of streamsToResync(result)) sender.send(node.serverFrames.resync(stream))
    },
    node.timers.elapsed
  )
}

/** The streams of which the client named a `seq` above the head. */
function streamsToResync(result: CommandResult): readonly string[] {
  return result.ok || result.code !== 'bad_position' ? [] : (result.fields?.ranges ?? [])
}
