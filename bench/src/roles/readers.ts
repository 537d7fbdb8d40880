import type { UserId } from '@rendezvous/contract'
import type { Tokens } from '@rendezvous/tokens'
import fastify from 'fastify'
import { openReader, type Reader } from '../reader.ts'
import { benchTokens, sessionOf } from './access.ts'

/** Who is to connect, where, and how fast. */
export interface Arrival {
  readonly port: number
  readonly from: number
  readonly count: number
  readonly perSecond: number
}

/** Clients that read and count, in a process apart from what is measured. */
export interface Readers {
  /** Opens a socket each for so many people, from the person `from` on. Resolves when all were told `ready`. */
  connect(arrival: Arrival): Promise<void>
  /** Resolves once so many frames came after `ready` to the sockets on `port`, or a while has passed; with how many did since the last call. */
  count(expected: { readonly port: number; readonly frames: number }): Promise<number>
  /** Cuts the connections to `port`. */
  leave(where: { readonly port: number }): Promise<void>
}

const PATIENCE_MS = 10_000
const LOOK_MS = 20

/** No clients at first. */
export async function openReaders(): Promise<Readers> {
  const tokens = await benchTokens(fastify())
  const readers = new Map<number, Reader[]>()
  const at = (port: number) => readers.get(port) ?? []

  return {
    async connect({ port, from, count, perSecond }) {
      const requests = Array.from({ length: count }, (_, index) => requestOf(tokens, from + index))
      const begun = performance.now()
      const opening: Promise<Reader>[] = []
      for (const request of requests) {
        const early = (opening.length * 1000) / perSecond - (performance.now() - begun)
        if (early > 0) await passing(early)
        opening.push(openReader(port, request))
      }
      readers.set(port, [...at(port), ...(await Promise.all(opening))])
    },
    async count({ port, frames }) {
      const sum = () => at(port).reduce((total, reader) => total + reader.frames, 0)
      const deadline = performance.now() + PATIENCE_MS
      while (sum() < frames && performance.now() < deadline) await passing(LOOK_MS)
      const counted = sum()
      for (const reader of at(port)) reader.frames = 0
      return counted
    },
    async leave({ port }) {
      await Promise.all(at(port).map(reader => reader.close()))
      readers.delete(port)
    }
  }
}

function passing(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

/** What a browser sends, and a token. The query is for the bare server. */
function requestOf(tokens: Tokens, user: number): string {
  const { token } = tokens.issueAccess(user as UserId, sessionOf(user))
  return [
    `GET /ws/chat?user=${user}&token=${token} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Pragma: no-cache',
    'Cache-Control: no-cache',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
    'Upgrade: websocket',
    'Origin: http://127.0.0.1',
    'Sec-WebSocket-Version: 13',
    'Accept-Encoding: gzip, deflate, br, zstd',
    'Accept-Language: en-GB,en;q=0.9,fr;q=0.8',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol: rendezvous.v1',
    'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
    '\r\n'
  ].join('\r\n')
}
