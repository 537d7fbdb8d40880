import type { CloseCode } from '@rendezvous/contract'
import type { WebSocket } from 'ws'
import type { Timers } from './timers.ts'

/** The end of one socket: a close handshake that cannot last for ever. */
export interface Closing {
  /** Sends the close frame. */
  close(code: CloseCode): void
  /** The handshake is under way: cuts the connection unless it ends in time. */
  expectEnd(): void
  /** The socket has closed. */
  ended(): void
}

/** Cuts the connection when the client's half of the handshake does not come within `timeoutMs`. */
export function closing(options: {
  readonly socket: WebSocket
  readonly timers: Timers
  readonly timeoutMs: number
}): Closing {
  const { socket, timers, timeoutMs } = options
  let cancel: (() => void) | null = null

  const expectEnd = () => {
    cancel ??= timers.after(timeoutMs, () => socket.terminate())
  }

  return {
    close({ code, reason }) {
      socket.resume() // a paused socket would not hear the client's answer
      socket.close(code, reason)
      expectEnd()
    },
    expectEnd,
    ended: () => cancel?.()
  }
}
