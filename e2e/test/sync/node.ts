import { randomUUID } from 'node:crypto'
import {
  apiPlugin,
  apiServices,
  buildServer,
  databasePorts,
  migrate,
  openDatabase,
  readiness,
  type requestRates,
  signingKeys
} from '@rendezvous/api'
import type { Http } from '@rendezvous/client'
import { type Delivery, memoryLimits, memoryPresence, memoryTickets, memoryWire } from '@rendezvous/cluster'
import type { Claims, Roster } from '@rendezvous/contract'
import { openTokens } from '@rendezvous/tokens'
import type { Test } from 'tap'
import { type Document, httpContract } from '../contract/answers.ts'
import { ContractViolation } from '../contract/checked.ts'

const HOUR_MS = 3_600_000
const PASSWORD = 'a password for tests'
/** Times have milliseconds, and no write here takes longer: sync must find changes beyond its overlap too. */
const LONGEST_WRITE_MS = 2

/** An api node on the embedded database, without sockets, which reports what it publishes. */
export interface SyncNode {
  /** Creates a user. */
  join(): Promise<SyncUser>
  /** Resolves when every committed event has been published. */
  published(): Promise<void>
  /** Calls `listener` for everything published from now on, until the returned function is called. */
  listen(listener: (delivery: Delivery) => void): () => void
  roster(claims: Claims): Promise<Roster>
}

/** A user who sends HTTP requests. */
export interface SyncUser {
  readonly id: number
  readonly claims: Claims
  readonly http: Pick<Http, 'request'>
  /** Sends a request that may be refused, and answers its status. */
  attempt(method: string, path: string, body?: unknown): Promise<number>
}

/** The server answered 400 or above. */
export class Refused extends Error {
  readonly code: string
  readonly status: number
  constructor(status: number, text: string) {
    super(text)
    this.status = status
    this.code = JSON.parse(text).code
  }
}

/** Starts the node, and stops it with the test. Every answer is checked against its document. */
export async function startSyncNode(t: Test): Promise<SyncNode> {
  const database = await openDatabase({ engine: 'pglite' })
  await migrate(database.database)
  const server = buildServer()
  const wire = memoryWire({ clock: Date.now })
  const limits = memoryLimits(wire)
  const tokens = await openTokens(server, {
    keys: signingKeys('a secret of more than thirty-two characters'),
    ...{ issuer: 'rendezvous', audience: 'rendezvous', accessTtlMs: HOUR_MS, refreshTtlMs: HOUR_MS },
    ...{ clock: Date.now, newId: randomUUID }
  })
  const listeners = new Set<(delivery: Delivery) => void>()
  const publish = async (deliveries: readonly Delivery[]) => {
    for (const delivery of deliveries) for (const hear of listeners) hear(delivery)
  }
  const services = apiServices({
    ...databasePorts({ ...database, longestWriteMs: LONGEST_WRITE_MS }),
    bus: { publish },
    presence: memoryPresence(wire, { gatewayId: 'api', leaseMs: HOUR_MS }),
    passwords: {
      hash: async password => `plain:${password}`,
      verify: async (hash, given) => hash === `plain:${given}`,
      isOld: () => false
    },
    ...{ tokens, limits, commandRates: unlimited, refreshTtlMs: HOUR_MS, clock: Date.now, newId: randomUUID },
    warn: error => {
      throw error
    }
  })
  await server.register(apiPlugin, {
    ...{ services, limits, tickets: memoryTickets(wire), ready: readiness(database.database).ready, clock: Date.now },
    ...{ corsOrigins: ['*'], lists: 'array' as const, requestRates: unlimited }
  })
  await server.ready()
  t.teardown(async () => {
    await server.close()
    await services.announcer.settle()
    await database.close()
  })
  const contract = httpContract((await server.inject('/openapi.json')).json<Document>())

  async function ask<T>(access: string | null, method: string, path: string, body?: unknown): Promise<T> {
    const headers = access === null ? {} : { authorization: `Bearer ${access}` }
    const payload = body === undefined ? {} : { payload: body as object }
    const answer = await server.inject({ method: method as 'POST', url: path, headers, ...payload })
    const { statusCode: status, body: text } = answer
    const problem = contract.problem({ method, path, status, text, type: String(answer.headers['content-type'] ?? '') })
    if (problem !== null) throw new ContractViolation(problem)
    if (status >= 400) throw new Refused(status, text)
    return text === '' ? (null as T) : JSON.parse(text)
  }

  return {
    async join() {
      const username = `p${randomUUID().slice(0, 13)}`
      const { id } = await ask<{ id: number }>(null, 'POST', '/api/v1/auth/register/', { username, password: PASSWORD })
      const { access } = await ask<{ access: string }>(null, 'POST', '/api/token/', { username, password: PASSWORD })
      const verified = tokens.verifyAccess(access)
      if (!verified.ok) throw new Error(verified.reason)
      return {
        id,
        claims: verified.claims,
        http: { request: (method, path, body) => ask(access, method, path, body) },
        attempt: (method, path, body) =>
          ask(access, method, path, body).then(
            () => 200,
            error => {
              if (error instanceof Refused && error.status < 500) return error.status
              throw error
            }
          )
      }
    },
    published: () => services.announcer.settle(),
    listen(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async roster(claims) {
      const [roster] = await services.backend.roster([claims])
      if (roster === undefined) throw new Error('no roster')
      return roster
    }
  }
}

const unlimited: ReturnType<typeof requestRates> = {
  ...{ read: null, write: null, search: null, people: null, sync: null, public: null, login: null, register: null }
}
