import type { Writable } from 'node:stream'
import type { WebSocket } from 'ws'
import { textFrame } from '../hub/text-frame.ts'

/** The write side of one socket. */
export interface SocketWriter {
  /** Queues a text, or a frame that `textFrame` made. Calls `written` once the kernel took it, otherwise never. Queues
   *  nothing when the socket is closing or too much waits. */
  send(frame: string | Buffer, written?: () => void): void
  /** Writes at once what is queued. Call it before closing the socket, since nothing may follow its close frame. */
  flush(): void
}

/** The socket that a writer belongs to. */
export interface WriterOwner {
  readonly socket: WebSocket
  /** The connection beneath `socket`. */
  readonly stream: Writable
  readonly maxBuffered: number
  /** Called instead of queueing when more than `maxBuffered` bytes wait. */
  onSlow(): void
}

interface Queued {
  readonly frame: Buffer
  readonly written: (() => void) | undefined
}

/**
 * Writes the frames of one turn of the event loop together, at its end.
 *
 * Frames go to the connection directly and not through `ws`, which would build a header and write twice for each
 * socket. That is sound: our frames are whole and uncompressed, so they never fall into a message of `ws`. A frame that
 * `ws` sends itself (ping, pong) may stand between any two messages. docs/performance.md says what it saves.
 */
export function openWriter(owner: WriterOwner): SocketWriter {
  return new TurnWriter(owner)
}

/** A class, because there is one for each socket and closures would take most of its memory. */
class TurnWriter implements SocketWriter {
  readonly #owner: WriterOwner
  /** Most turns queue one frame, which needs no array. */
  #first: Queued | null = null
  #others: Queued[] | null = null
  #bytes = 0

  constructor(owner: WriterOwner) {
    this.#owner = owner
  }

  send(content: string | Buffer, written?: () => void): void {
    const { socket, stream, maxBuffered } = this.#owner
    if (socket.readyState !== socket.OPEN) return
    if (stream.writableLength + this.#bytes > maxBuffered) {
      this.#owner.onSlow()
      return
    }
    const frame = typeof content === 'string' ? textFrame(content) : content
    this.#bytes += frame.length
    if (this.#first === null) {
      this.#first = { frame, written }
      flushAfterTurn(this)
    } else {
      this.#others ??= []
      this.#others.push({ frame, written })
    }
  }

  flush(): void {
    const first = this.#first
    const others = this.#others
    this.#first = null
    this.#others = null
    this.#bytes = 0
    const { socket, stream } = this.#owner
    if (first === null || socket.readyState !== socket.OPEN || !stream.writable) return
    if (others !== null) stream.cork()
    write(stream, first)
    if (others === null) return
    for (const other of others) write(stream, other)
    stream.uncork()
  }
}

function write(stream: Writable, { frame, written }: Queued): void {
  if (written === undefined) stream.write(frame)
  else
    stream.write(frame, error => {
      if (error === undefined || error === null) written()
    })
}

/** Writers with queued frames. One callback at the end of the turn flushes them all. */
let pending: TurnWriter[] = []

function flushAfterTurn(writer: TurnWriter): void {
  if (pending.length === 0) process.nextTick(flushAll)
  pending.push(writer)
}

function flushAll(): void {
  const due = pending
  pending = []
  for (const writer of due) writer.flush()
}
