import { randomUUID } from 'node:crypto'
import type { UserId } from '@rendezvous/contract'
import autocannon from 'autocannon'
import fastify from 'fastify'
import { benchTokens, sessionOf } from './access.ts'

/** How many sends, by whom and where to. */
export interface Volley {
  readonly port: number
  readonly sends: number
  /** Requests under way at a time, each on a connection of its own that is kept. */
  readonly connections: number
  /** The people 1 to `people` send in turn: each in the conversation of his number, or all in `hot`. */
  readonly people: number
  readonly hot: number | null
}
/** What came of it. */
export interface Struck {
  readonly stored: number
  readonly seconds: number
  /** Milliseconds that a send took, at the median and at the 99th percentile. */
  readonly p50: number
  readonly p99: number
}

/** The clients that send over HTTP. */
export interface Load {
  send(volley: Volley): Promise<Struck>
}

/** In a process apart, so that its work is not counted. */
export async function openLoad(): Promise<Load> {
  const tokens = await benchTokens(fastify())
  const issued = new Map<number, string>()
  let turn = 0

  const tokenOf = (user: number) => {
    const token = issued.get(user) ?? tokens.issueAccess(user as UserId, sessionOf(user)).token
    issued.set(user, token)
    return token
  }

  return {
    async send({ port, sends, connections, people, hot }) {
      for (let user = 1; user <= people; user += 1) tokenOf(user)
      const setupRequest = (request: autocannon.Request): autocannon.Request => {
        turn += 1
        const user = (turn % people) + 1
        const content = `Message ${turn}: did you see the boat that came in this morning?`
        return {
          ...request,
          path: `/api/v1/conversations/${hot ?? user}/messages/`,
          headers: { 'content-type': 'application/json', authorization: `Bearer ${tokenOf(user)}` },
          body: JSON.stringify({ content, client_id: randomUUID() })
        }
      }
      const { result, seconds } = await shoot({
        url: `http://127.0.0.1:${port}`,
        amount: sends,
        connections,
        pipelining: 1,
        requests: [{ method: 'POST', setupRequest }]
      })
      const stored = result['2xx']
      if (stored < sends) throw new Error(`of ${sends} sends ${stored} were stored`)
      return { stored, seconds, p50: result.latency.p50, p99: result.latency.p99 }
    }
  }
}

/** Autocannon's own duration is rounded up to its next look at the clock, so the time to the last answer is taken here. */
function shoot(options: autocannon.Options): Promise<{ result: autocannon.Result; seconds: number }> {
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
