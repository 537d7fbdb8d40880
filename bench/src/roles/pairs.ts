import { randomUUID } from 'node:crypto'
import { Agent, request } from 'node:http'
import type { UserId } from '@rendezvous/contract'
import fastify from 'fastify'
import { quantileSorted } from 'simple-statistics'
import { openReader } from '../reader.ts'
import { benchTokens, sessionOf } from './access.ts'
import { requestOf } from './readers.ts'

/** Pairs of people on one server. Person n (1 to `people`) sends to person n + `people`, in conversation n. */
export interface Pairs {
  /** Opens a socket for each receiver. Resolves when all have received `ready`. */
  connect(where: { readonly port: number; readonly people: number }): Promise<void>
  /** Sends over HTTP at a steady rate, without waiting for earlier answers.
   *  @throws Error when a message was not stored or not delivered. */
  send(load: SteadyLoad): Promise<Delays>
}

/** How much is sent, and how fast. */
export interface SteadyLoad {
  readonly port: number
  readonly people: number
  readonly perSecond: number
  readonly ms: number
}

/** Milliseconds from the send until the receiver had the frame. */
export interface Delays {
  readonly median: number
  readonly p95: number
}

/** Finds the client_id in any frame, since servers order the fields differently. */
const CLIENT_ID = /"client_id":"([0-9a-f-]{36})"/
const DEADLINE_MS = 10_000
const CONNECTIONS = 64

/** Senders and receivers run in one process, so that one clock measures both. */
export async function openPairs(): Promise<Pairs> {
  const tokens = await benchTokens(fastify())
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const issued = new Map<number, string>()
  /** By client_id: called when the frame arrives. */
  const expected = new Map<string, () => void>()
  let turn = 0

  const tokenOf = (user: number) => {
    const token = issued.get(user) ?? tokens.issueAccess(user as UserId, sessionOf(user)).token
    issued.set(user, token)
    return token
  }

  function onText(text: string): void {
    const clientId = CLIENT_ID.exec(text)?.[1] ?? ''
    expected.get(clientId)?.()
    expected.delete(clientId)
  }

  /** Resolves with the milliseconds until the message was delivered. */
  async function sendOne(port: number, user: number): Promise<number> {
    const clientId = randomUUID()
    const token = tokenOf(user)
    const begun = performance.now()
    const delivered = new Promise<number>(resolve => expected.set(clientId, () => resolve(performance.now() - begun)))
    const content = `Message ${turn}: did you see the boat that came in this morning?`
    await post(agent, { port, token, conversation: user, body: JSON.stringify({ content, client_id: clientId }) })
    return within(delivered)
  }

  return {
    async connect({ port, people }) {
      for (let user = 1; user <= people; user += 1) await openReader(port, requestOf(tokens, user + people), onText)
    },
    async send({ port, people, perSecond, ms }) {
      const delays: Promise<number>[] = []
      const begun = performance.now()
      while (delays.length < (ms * perSecond) / 1_000) {
        const early = (delays.length * 1_000) / perSecond - (performance.now() - begun)
        if (early > 0) await new Promise(resolve => setTimeout(resolve, early))
        turn += 1
        delays.push(sendOne(port, (turn % people) + 1))
      }
      const sorted = (await Promise.all(delays)).sort((a, b) => a - b)
      return { median: quantileSorted(sorted, 0.5), p95: quantileSorted(sorted, 0.95) }
    }
  }
}

interface Send {
  readonly port: number
  readonly token: string
  readonly conversation: number
  readonly body: string
}

function post(agent: Agent, { port, token, conversation, body }: Send): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      authorization: `Bearer ${token}`
    }
    const path = `/api/v1/conversations/${conversation}/messages/`
    const sending = request({ agent, host: '127.0.0.1', port, method: 'POST', path, headers }, answer => {
      answer.resume()
      answer.once('end', () => {
        if (answer.statusCode === 201) resolve()
        else reject(new Error(`a send was answered with ${answer.statusCode}`))
      })
    })
    sending.once('error', reject)
    sending.end(body)
  })
}

async function within(delivered: Promise<number>): Promise<number> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('a message was not delivered')), DEADLINE_MS)
  })
  try {
    return await Promise.race([delivered, late])
  } finally {
    clearTimeout(timer)
  }
}
