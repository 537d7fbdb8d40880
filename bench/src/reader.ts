import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A minimal WebSocket client that reads, counts and answers pings. It does no more, since it shares the machine with
 *  the measured server. */
export interface Reader {
  /** Messages since `ready`, without other frames. The caller sets it to 0 after counting. */
  messages: number
  close(): Promise<void>
}

const PING = 9
const TEXT = 1
/** A masked pong without payload, its mask zero. */
const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0])
const HEAD_END = '\r\n\r\n'
const READY = '"type":"ready"'
/** The start of a message frame, after a header of four bytes at most. */
const MESSAGE = '"type":"message_created"'
const HEADER_MAX = 4

/** Sends the upgrade `request`, and resolves at the `ready` frame. Passes the text of each later frame to `onText`, as
 *  Latin-1. @throws Error when the server refuses or closes the connection. */
export async function openReader(port: number, request: string, onText?: (text: string) => void): Promise<Reader> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const reader: Reader = { messages: 0, close: () => end(socket) }
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('the server closed the connection before it sent ready')))
    const frames = frameParser((opcode, frame) => {
      if (opcode === PING) socket.write(PONG)
      else if (opcode !== TEXT) socket.destroy()
      else if (isMessage(frame)) reader.messages += 1
      if (opcode !== TEXT) return
      if (isReady) {
        onText?.(frame.toString('latin1'))
        return
      }
      if (!frame.includes(READY)) return
      isReady = true
      reader.messages = 0
      resolve()
    })
    let isReady = false
    let head = ''
    socket.once('connect', () => socket.write(request))
    const upgrade = (chunk: Buffer) => {
      head += chunk.toString('latin1')
      const ends = head.indexOf(HEAD_END)
      if (ends === -1) return
      if (!head.startsWith('HTTP/1.1 101')) return reject(new Error(head.slice(0, 300)))
      socket.off('data', upgrade)
      socket.on('data', frames)
      frames(Buffer.from(head.slice(ends + HEAD_END.length), 'latin1'))
    }
    socket.on('data', upgrade)
  })
  return reader
}

async function end(socket: Socket): Promise<void> {
  if (socket.destroyed) return
  const closed = once(socket, 'close')
  socket.destroy()
  await closed
}

function isMessage(frame: Buffer): boolean {
  return frame.subarray(0, HEADER_MAX + MESSAGE.length + 1).includes(MESSAGE)
}

/** Calls `onFrame` for every complete frame, header included. */
function frameParser(onFrame: (opcode: number, frame: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer | null = null

  return chunk => {
    let bytes = rest === null ? chunk : Buffer.concat([rest, chunk])
    rest = null
    for (let size = sizeOf(bytes); size > 0 && size <= bytes.length; size = sizeOf(bytes)) {
      const frame = bytes.subarray(0, size)
      bytes = bytes.subarray(size)
      onFrame((frame[0] ?? 0) & 0x0f, frame)
    }
    if (bytes.length > 0) rest = Buffer.from(bytes)
  }
}

/** The length of the first frame in `bytes`, header included; 0 while its header is incomplete. */
function sizeOf(bytes: Buffer): number {
  if (bytes.length < 2) return 0
  const short = bytes.readUInt8(1)
  if (short < 126) return short + 2
  if (short === 126) return bytes.length < 4 ? 0 : bytes.readUInt16BE(2) + 4
  return bytes.length < 10 ? 0 : Number(bytes.readBigUInt64BE(2)) + 10
}
