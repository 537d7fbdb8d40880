import type { Writable } from 'node:stream'
import type { WebSocket } from 'ws'
import { textFrame } from './text-frame.ts'

/** The write side of one socket. */
export interface Outlet {
  /** Queues a text, or a frame that `textFrame` made; `written` is called once the kernel took it, and never if it did not. Once the
   *  socket closes, and when too much waits, nothing is queued. */
  send(frame: string | Buffer, written?: () => void): void
  /** Writes at once what is queued: due before the socket is closed, since nothing may follow its close frame. */
  flush(): void
}

/** Whose socket is written to. */
export interface Writer {
  readonly socket: WebSocket
  /** The connection beneath `socket`. */
  readonly stream: Writable
  readonly maxBuffered: number
  /** Called in place of queueing when more than `maxBuffered` bytes wait. */
  onSlow(): void
}

interface Queued {
  readonly frame: Buffer
  readonly written: (() => void) | undefined
}

/**
 * Writes what one turn of the event loop queues in one go, at its end. Frames go to the connection as they are, past `ws`, which would build a
 * header and write twice for each socket: that is sound because ours are whole and never compressed, so none of them can fall into another one
 * of `ws`, and because a frame of `ws` itself (a ping, a pong) may stand anywhere between messages. docs/performance.md has what it saves.
 */
export function openOutlet(writer: Writer): Outlet {
  return new SocketOutlet(writer)
}

/** A class, since there is one a socket: a closure for each of its functions would be most of its size. */
class SocketOutlet implements Outlet {
  readonly #writer: Writer
  /** Mostly one frame waits, which needs no array. */
  #first: Queued | null = null
  #others: Queued[] | null = null
  #bytes = 0

  constructor(writer: Writer) {
    this.#writer = writer
  }

  send(what: string | Buffer, written?: () => void): void {
    const { socket, stream, maxBuffered } = this.#writer
    if (socket.readyState !== socket.OPEN) return
    if (stream.writableLength + this.#bytes > maxBuffered) {
      this.#writer.onSlow()
      return
    }
    const frame = typeof what === 'string' ? textFrame(what) : what
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
    const { socket, stream } = this.#writer
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

/** Those with something queued: one callback at the end of the turn for all of them. */
let queuing: SocketOutlet[] = []

function flushAfterTurn(outlet: SocketOutlet): void {
  if (queuing.length === 0) process.nextTick(flushAll)
  queuing.push(outlet)
}

function flushAll(): void {
  const due = queuing
  queuing = []
  for (const outlet of due) outlet.flush()
}
