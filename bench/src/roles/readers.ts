import type { UserId } from '@rendezvous/contract'
import type { Tokens } from '@rendezvous/tokens'
import fastify from 'fastify'
import { openReader, type Reader } from '../reader.ts'
import { benchTokens, sessionOf } from './access.ts'

/** The dialect of a client; `v1` is `rendezvous.v1`. */
export type Dialect = 'legacy' | 'v1'

/** Which people connect, where, and how fast. */
export interface ConnectLoad {
  readonly port: number
  readonly from: number
  readonly count: number
  readonly perSecond: number
  /** `v1` by default. */
  readonly dialect?: Dialect
}

/** Clients that read and count, in a process of their own. */
export interface Readers {
  /** Opens a socket for each of `count` people, from person `from` on. Resolves when all have received `ready`. */
  connect(load: ConnectLoad): Promise<void>
  /** Waits up to 10 s until the sockets on `port` have received `messages` messages since the last call. Answers how
   *  many they received. */
  count(expected: { readonly port: number; readonly messages: number }): Promise<number>
  /** Closes the connections to `port`. */
  leave(where: { readonly port: number }): Promise<void>
}

const DEADLINE_MS = 10_000
const POLL_MS = 20

/** Opens readers without clients. */
export async function openReaders(): Promise<Readers> {
  const tokens = await benchTokens(fastify())
  const readers = new Map<number, Reader[]>()
  const at = (port: number) => readers.get(port) ?? []

  return {
    async connect({ port, from, count, perSecond, dialect = 'v1' }) {
      const requests = Array.from({ length: count }, (_, index) => requestOf(tokens, from + index, dialect))
      const begun = performance.now()
      const opening: Promise<Reader>[] = []
      for (const request of requests) {
        const early = (opening.length * 1000) / perSecond - (performance.now() - begun)
        if (early > 0) await pause(early)
        opening.push(openReader(port, request))
      }
      readers.set(port, [...at(port), ...(await Promise.all(opening))])
    },
    async count({ port, messages }) {
      const sum = () => at(port).reduce((total, reader) => total + reader.messages, 0)
      const deadline = performance.now() + DEADLINE_MS
      while (sum() < messages && performance.now() < deadline) await pause(POLL_MS)
      const counted = sum()
      for (const reader of at(port)) reader.messages = 0
      return counted
    },
    async leave({ port }) {
      await Promise.all(at(port).map(reader => reader.close()))
      readers.delete(port)
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

/** The upgrade request of a person with a token, as a browser sends it. Servers without tokens read `user`. */
export function requestOf(tokens: Tokens, user: number, dialect: Dialect = 'v1'): string {
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
    ...(dialect === 'v1' ? ['Sec-WebSocket-Protocol: rendezvous.v1'] : []),
    'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
    '\r\n'
  ].join('\r\n')
}
