import type { WebSocket } from 'ws'

/** Handles the events of one socket. */
export interface SocketEvents {
  onMessage(data: Buffer, isBinary: boolean): void
  onPing(data: Buffer): void
  onPong(): void
  /** The socket is about to close because of `error`. */
  onError(error: Error): void
  onClose(): void
}

const handlers = new WeakMap<WebSocket, SocketEvents>()

/** Calls `handler` for the events of `socket`. All sockets share the listening functions, since five of its own would
 *  take 400 bytes a socket. */
export function listenTo(socket: WebSocket, handler: SocketEvents): void {
  handlers.set(socket, handler)
  socket.on('message', onMessage)
  socket.on('ping', onPing)
  socket.on('pong', onPong)
  socket.on('error', onError)
  socket.on('close', onClose)
}

function onMessage(this: WebSocket, data: Buffer, isBinary: boolean): void {
  handlers.get(this)?.onMessage(data, isBinary)
}

function onPing(this: WebSocket, data: Buffer): void {
  handlers.get(this)?.onPing(data)
}

function onPong(this: WebSocket): void {
  handlers.get(this)?.onPong()
}

function onError(this: WebSocket, error: Error): void {
  handlers.get(this)?.onError(error)
}

function onClose(this: WebSocket): void {
  handlers.get(this)?.onClose()
}
