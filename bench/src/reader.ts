import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A client of a WebSocket server that reads, counts and answers pings: the least there can be, since its work costs the same machine. */
export interface Reader {
  /** Data frames that came whole since `ready`; to be set to 0 by who counted them. */
  frames: number
  close(): Promise<void>
}

const PING = 9
const TEXT = 1
/** A masked pong without payload, its mask zero. */
const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0])
const HEAD_END = '\r\n\r\n'
const READY = '"type":"ready"'

/** Sends `request`, an upgrade as text, and resolves when a frame said `ready`. @throws Error when the server refuses or hangs up. */
export async function openReader(port: number, request: string): Promise<Reader> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const reader: Reader = { frames: 0, close: () => end(socket) }
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('the server hung up')))
    const frames = frameParser((opcode, payload) => {
      if (opcode === PING) socket.write(PONG)
      else if (opcode !== TEXT) socket.destroy()
      else reader.frames += 1
      if (isReady || opcode !== TEXT || !payload().includes(READY)) return
      isReady = true
      reader.frames = 0
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

/** Calls `onFrame` for every whole frame; its payload is read only when asked for. */
function frameParser(onFrame: (opcode: number, payload: () => string) => void): (chunk: Buffer) => void {
  let rest: Buffer | null = null

  return chunk => {
    let bytes = rest === null ? chunk : Buffer.concat([rest, chunk])
    rest = null
    for (let size = sizeOf(bytes); size > 0 && size <= bytes.length; size = sizeOf(bytes)) {
      const frame = bytes.subarray(0, size)
      bytes = bytes.subarray(size)
      onFrame((frame[0] ?? 0) & 0x0f, () => frame.toString('latin1'))
    }
    if (bytes.length > 0) rest = Buffer.from(bytes)
  }
}

/** The length of the frame that `bytes` begin with, header included; 0 when that cannot be told yet. */
function sizeOf(bytes: Buffer): number {
  if (bytes.length < 2) return 0
  const short = bytes.readUInt8(1)
  if (short < 126) return short + 2
  if (short === 126) return bytes.length < 4 ? 0 : bytes.readUInt16BE(2) + 4
  return bytes.length < 10 ? 0 : Number(bytes.readBigUInt64BE(2)) + 10
}
