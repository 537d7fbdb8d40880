import { EventEmitter, once } from 'node:events'
import type { Test } from 'tap'
import { type ClientOptions, WebSocket } from 'ws'

export type ReceivedFrame = Record<string, unknown> & { readonly type: string }

/** The client's side of a socket. */
export interface Client {
  readonly socket: WebSocket
  /** The next frame. */
  next(): Promise<ReceivedFrame>
  /** The next frame of that type. Drops the frames before it. */
  nextOf(type: string): Promise<ReceivedFrame>
  /** Frames up to `ready`, in order. */
  untilReady(): Promise<ReceivedFrame[]>
  say(frame: unknown): void
  /** How the server closed it. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
}

/** Opens a socket and resolves when the upgrade is done. Cuts it when `t` ends.
 *  @throws Error with the status when the upgrade is refused. */
export async function openClient(t: Test, url: string, protocols: string[], options: ClientOptions): Promise<Client> {
  const socket = new WebSocket(url, protocols, options)
  const arrived = new EventEmitter()
  const frames: ReceivedFrame[] = []
  t.teardown(() => socket.terminate())

  socket.on('message', data => {
    frames.push(JSON.parse(data.toString()))
    arrived.emit('frame')
  })
  const closed = new Promise<{ code: number; reason: string }>(resolve => {
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }))
  })
  await once(socket, 'open')
  socket.on('error', () => undefined)

  async function next(): Promise<ReceivedFrame> {
    for (;;) {
      const frame = frames.shift()
      if (frame !== undefined) return frame
      await once(arrived, 'frame')
    }
  }

  return {
    socket,
    next,
    async nextOf(type) {
      for (;;) {
        const frame = await next()
        if (frame.type === type) return frame
      }
    },
    async untilReady() {
      const seen = [await next()]
      while (seen.at(-1)?.type !== 'ready') seen.push(await next())
      return seen
    },
    say: frame => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame)),
    closed
  }
}
