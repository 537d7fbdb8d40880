import type { WebSocket } from 'ws'

/** Who hears what comes of one socket. */
export interface Listener {
  onMessage(data: Buffer, isBinary: boolean): void
  onPing(data: Buffer): void
  onPong(): void
  /** It is about to close because of this. */
  onError(error: Error): void
  onClose(): void
}

const listeners = new WeakMap<WebSocket, Listener>()

/** Lets `listener` hear `socket`, through functions that all sockets share: five of its own would be 400 bytes a socket. */
export function listen(socket: WebSocket, listener: Listener): void {
  listeners.set(socket, listener)
  socket.on('message', onMessage)
  socket.on('ping', onPing)
  socket.on('pong', onPong)
  socket.on('error', onError)
  socket.on('close', onClose)
}

function onMessage(this: WebSocket, data: Buffer, isBinary: boolean): void {
  listeners.get(this)?.onMessage(data, isBinary)
}

function onPing(this: WebSocket, data: Buffer): void {
  listeners.get(this)?.onPing(data)
}

function onPong(this: WebSocket): void {
  listeners.get(this)?.onPong()
}

function onError(this: WebSocket, error: Error): void {
  listeners.get(this)?.onError(error)
}

function onClose(this: WebSocket): void {
  listeners.get(this)?.onClose()
}
