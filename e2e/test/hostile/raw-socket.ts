import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { Test } from 'tap'
import { openRaw, request } from './raw.ts'

/** The headers of a valid handshake. */
export const handshake = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': randomBytes(16).toString('base64')
}

/** An open socket whose frames nobody reads yet. */
export async function openSocket(t: Test, url: string, path: string): Promise<Socket> {
  const socket = openRaw(url, request('GET', path, handshake))
  t.teardown(() => socket.destroy())
  let said = ''
  while (!said.includes('"type":"ready"')) {
    const [chunk] = await once(socket, 'data')
    said += chunk.toString('latin1')
    if (!said.startsWith('HTTP/1.1 101')) throw new Error(said)
  }
  return socket
}

/** A masked frame, as clients send it. */
export function frame(first: number, text: string): Buffer {
  const payload = Buffer.from(text, 'latin1')
  const mask = Buffer.from([1, 2, 3, 4])
  const length =
    payload.length < 126 ? [payload.length | 0x80] : [126 | 0x80, payload.length >> 8, payload.length & 0xff]
  const masked = payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0))
  return Buffer.concat([Buffer.from([first, ...length]), mask, masked])
}

/** The code of the first close frame in `bytes`; null without one. */
export function closeCodeIn(bytes: Buffer): number | null {
  for (let at = 0; at + 2 <= bytes.length; ) {
    const short = (bytes[at + 1] ?? 0) & 0x7f
    const start = at + (short === 127 ? 10 : short === 126 ? 4 : 2)
    const length =
      short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short === 126 ? bytes.readUInt16BE(at + 2) : short
    if (((bytes[at] ?? 0) & 0x0f) === 0x08) return length >= 2 ? bytes.readUInt16BE(start) : null
    at = start + length
  }
  return null
}
