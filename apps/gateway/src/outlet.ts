import type { Writable } from 'node:stream'
import type { WebSocket } from 'ws'

/** The write side of one socket. */
export interface Outlet {
  /** Queues a frame for writing; `written` is called once the kernel took it, and never if it did not. After `isSlow` or `close` nothing is queued. */
  send(frame: string | Buffer, written?: () => void): void
}

/** Writes what one turn of the event loop queues in one go. When more than `maxBuffered` bytes wait, `onSlow` is called instead. `stream` is
 *  the connection under `socket`, if it is known. */
export function openOutlet(options: {
  readonly socket: WebSocket
  readonly stream: Writable | undefined
  readonly maxBuffered: number
  readonly onSlow: () => void
}): Outlet {
  const { socket, stream, maxBuffered, onSlow } = options
  let corked = false

  function corkForThisTurn(): void {
    if (corked || stream === undefined) return
    corked = true
    stream.cork()
    process.nextTick(() => {
      corked = false
      stream.uncork()
    })
  }

  return {
    send(frame, written) {
      if (socket.readyState !== socket.OPEN) return
      if (socket.bufferedAmount > maxBuffered) return onSlow()
      corkForThisTurn()
      socket.send(frame, { binary: false }, error => {
        if (error === undefined || error === null) written?.()
      })
    }
  }
}
