import { randomUUID } from 'node:crypto'
import type { UserId } from '@rendezvous/contract'
import autocannon from 'autocannon'
import fastify from 'fastify'
import { firstOf } from '../room.ts'
import { benchTokens, sessionOf } from './access.ts'

/** How many messages are sent, by which people, and where. */
export interface SendLoad {
  readonly port: number
  readonly sends: number
  /** Requests at a time, each on a keep-alive connection of its own. */
  readonly connections: number
  /** The people 1 to `people` send in turn: each in the conversation of their number, or all in `hot`. */
  readonly people: number
  readonly hot: number | null
}
/** How many messages are sent to the rooms `from` to `to` in turn, and how fast. */
export interface RoomLoad {
  readonly port: number
  readonly sends: number
  readonly perSecond: number
  readonly from: number
  readonly to: number
}
/** What a load achieved. */
export interface SendResult {
  readonly stored: number
  readonly seconds: number
  /** Milliseconds that a send took, at the median and at the 99th percentile. */
  readonly p50: number
  readonly p99: number
}

/** The clients that send over HTTP. */
export interface Load {
  send(load: SendLoad): Promise<SendResult>
  /** Sends at a steady rate. The first person of each room sends. Resolves when all messages are stored. */
  talk(load: RoomLoad): Promise<void>
}

/** Connections for sends at a steady rate. */
const CONNECTIONS = 20

/** Opens the load. It runs in a process of its own, so that its work is not counted. */
export async function openLoad(): Promise<Load> {
  const tokens = await benchTokens(fastify())
  const issued = new Map<number, string>()
  let turn = 0

  const tokenOf = (user: number) => {
    const token = issued.get(user) ?? tokens.issueAccess(user as UserId, sessionOf(user)).token
    issued.set(user, token)
    return token
  }

  function requestTo(request: autocannon.Request, user: number, conversation: number): autocannon.Request {
    const content = `Message ${turn}: did you see the boat that came in this morning?`
    return {
      ...request,
      path: `/api/v1/conversations/${conversation}/messages/`,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${tokenOf(user)}` },
      body: JSON.stringify({ content, client_id: randomUUID() })
    }
  }

  return {
    async send({ port, sends, connections, people, hot }) {
      for (let user = 1; user <= people; user += 1) tokenOf(user)
      const setupRequest = (request: autocannon.Request): autocannon.Request => {
        turn += 1
        const user = (turn % people) + 1
        return requestTo(request, user, hot ?? user)
      }
      const { result, seconds } = await runLoad({
        url: `http://127.0.0.1:${port}`,
        amount: sends,
        connections,
        pipelining: 1,
        requests: [{ method: 'POST', setupRequest }]
      })
      const stored = result['2xx']
      if (stored < sends) throw new Error(`of ${sends} sends ${stored} were stored`)
      return { stored, seconds, p50: result.latency.p50, p99: result.latency.p99 }
    },

    async talk({ port, sends, perSecond, from, to }) {
      for (let room = from; room <= to; room += 1) tokenOf(firstOf(room))
      const setupRequest = (request: autocannon.Request): autocannon.Request => {
        const room = from + (turn % (to - from + 1))
        turn += 1
        return requestTo(request, firstOf(room), room)
      }
      const { result } = await runLoad({
        url: `http://127.0.0.1:${port}`,
        amount: sends,
        connections: Math.min(CONNECTIONS, sends, perSecond),
        overallRate: perSecond,
        pipelining: 1,
        requests: [{ method: 'POST', setupRequest }]
      })
      if (result['2xx'] < sends) throw new Error(`of ${sends} sends ${result['2xx']} were stored`)
    }
  }
}

/** Runs autocannon. Measures the time to the last answer itself, because autocannon rounds its duration up. */
function runLoad(options: autocannon.Options): Promise<{ result: autocannon.Result; seconds: number }> {
  return new Promise((resolve, reject) => {
    const begun = performance.now()
    let last = begun
    const running = autocannon(options, (error, result) => {
      if (error) reject(error)
      else resolve({ result, seconds: (last - begun) / 1000 })
    })
    running.on('response', () => {
      last = performance.now()
    })
  })
}
