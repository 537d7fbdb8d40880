import { randomUUID } from 'node:crypto'
import {
  type Bus,
  type BusListener,
  memoryBus,
  memoryLimits,
  memoryPresence,
  memoryTickets,
  memoryWire,
  type Presence
} from '@rendezvous/cluster'
import type { UserId } from '@rendezvous/contract'
import { openTokens, type Tokens } from '@rendezvous/tokens'
import type { FastifyInstance, InjectOptions, RouteOptions } from 'fastify'
import type { Test } from 'tap'
import { apiPlugin } from '../src/app.ts'
import { type ApiServices, apiServices, databasePorts, type ServicePorts } from '../src/compose.ts'
import type { OpenDatabase } from '../src/database/open.ts'
import { readiness } from '../src/health/adapter.ts'
import type { RequestRates } from '../src/kernel/limits.ts'
import type { ListStyle } from '../src/kernel/paging.ts'
import { buildServer } from '../src/kernel/server.ts'
import type { Passwords } from '../src/people/passwords/service.ts'
import type { PresenceAudience } from '../src/people/visibility/port.ts'
import { openAny } from './database/engines.ts'

/** One api node on a fresh embedded database, with its parts for inspection. */
export interface TestApi {
  readonly app: FastifyInstance
  readonly open: OpenDatabase
  readonly services: ApiServices
  readonly tokens: Tokens
  readonly bus: Bus
  readonly presence: Presence
  readonly ports: ServicePorts
  /** All arguments of `warn`, call by call. */
  readonly warnings: unknown[]
  drain(): void
  /** Creates an account and signs in. */
  join(name?: string): Promise<Person>
  /** Starts another session for the same account. */
  again(person: Person): Promise<Person>
}

/** A signed-in user. */
export interface Person {
  readonly id: UserId
  readonly username: string
  readonly access: string
  readonly refresh: string
  /** Sends a request with the user's token. */
  ask(method: Method, url: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
}

type Method = NonNullable<Extract<InjectOptions['method'], string>>

export interface Answer {
  readonly status: number
  readonly headers: Record<string, unknown>
  readonly text: string
  readonly body: Body
}

/** A parsed answer: a list, or an object with the fields that tests read. */
export interface Body extends ReadonlyArray<Body> {
  readonly id: number
  readonly seq: number
  readonly conversation: number
  readonly content: string
  readonly username: string
  readonly duplicate: boolean
  readonly participants: Body
  readonly access: string
  readonly refresh: string
  readonly next: string
  readonly previous: string
  readonly results: Body
  readonly receipts: Body
  readonly reactions: Body
}

export interface TestOptions {
  readonly lists?: ListStyle
  readonly corsOrigins?: readonly string[]
  readonly requestRates?: RequestRates
  /** Called with every route. */
  readonly onRoute?: (route: RouteOptions) => void
  /** Listens on the bus. */
  readonly listener?: BusListener
  readonly presenceAudience?: PresenceAudience
  /** Replaces ports. */
  readonly ports?: (ports: ServicePorts) => Partial<ServicePorts>
}

const PASSWORD = 'correct horse 9'

/** Stores passwords as plain text, so that tests need no hashing. */
const plainPasswords: Passwords = {
  hash: async password => `plain:${password}`,
  verify: async (hash, password) => hash === `plain:${password}`,
  isOld: () => false
}

/** Starts a node that stops with the test. */
export async function startApi(t: Test, options: TestOptions = {}): Promise<TestApi> {
  const open = await openAny()
  const app = buildServer()
  if (options.onRoute !== undefined) app.addHook('onRoute', options.onRoute)
  const wire = memoryWire({ clock: Date.now })
  const bus = memoryBus(wire, options.listener ?? { onMessage() {}, onInterruption() {} })
  const presence = memoryPresence(wire, { gatewayId: 'gateway', leaseMs: 60_000 })
  const tokens = await openTokens(app, tokenOptions)
  const warnings: unknown[] = []
  const base: ServicePorts = {
    ...databasePorts(open, options.presenceAudience),
    ...{ bus, presence, tokens, limits: memoryLimits(wire), passwords: plainPasswords },
    refreshTtlMs: tokenOptions.refreshTtlMs,
    clock: Date.now,
    newId: randomUUID,
    warn: (...warning) => warnings.push(warning)
  }
  const ports = { ...base, ...options.ports?.(base) }
  const services = apiServices(ports)
  const health = readiness(open.database)
  await app.register(apiPlugin, {
    services,
    tickets: memoryTickets(wire),
    limits: ports.limits,
    ...(options.requestRates === undefined ? {} : { requestRates: options.requestRates }),
    ready: health.ready,
    clock: Date.now,
    corsOrigins: options.corsOrigins ?? ['*'],
    lists: options.lists ?? 'array'
  })
  await app.ready()
  t.teardown(async () => {
    await app.close()
    await services.announcer.settle()
    await bus.close()
    await open.close()
  })
  const { drain } = health
  const people = { join: (name?: string) => join(app, name), again: (person: Person) => signIn(app, person) }
  return { app, open, services, tokens, bus, presence, ports, warnings, drain, ...people }
}

/** Sends a request with `headers` and without a token. Objects are sent as JSON, strings and bytes as they are. */
export async function ask(
  app: FastifyInstance,
  method: Method,
  url: string,
  body?: unknown,
  headers: Record<string, string> = {}
): Promise<Answer> {
  const payload = body === undefined ? {} : { payload: body as NonNullable<InjectOptions['payload']> }
  const answer = await app.inject({ method, url, headers, ...payload })
  const json = String(answer.headers['content-type'] ?? '').includes('json')
  return {
    status: answer.statusCode,
    headers: answer.headers,
    text: answer.body,
    body: json && answer.body !== '' ? JSON.parse(answer.body) : undefined
  }
}

const tokenOptions = {
  keys: [{ id: 'test', secret: Buffer.from('a secret of more than 32 bytes, for tests') }],
  issuer: 'rendezvous',
  audience: 'rendezvous',
  accessTtlMs: 3_600_000,
  refreshTtlMs: 14 * 86_400_000,
  clock: Date.now,
  newId: randomUUID
}

async function join(app: FastifyInstance, name = `user-${randomUUID().slice(0, 8)}`): Promise<Person> {
  const made = await ask(app, 'POST', '/api/v1/auth/register/', { username: name, password: PASSWORD })
  if (made.status !== 201) throw new Error(made.text)
  return signIn(app, { id: made.body.id as UserId, username: name })
}

async function signIn(app: FastifyInstance, { id, username }: Pick<Person, 'id' | 'username'>): Promise<Person> {
  const signedIn = await ask(app, 'POST', '/api/token/', { username, password: PASSWORD })
  if (signedIn.status !== 200) throw new Error(signedIn.text)
  const { access, refresh } = signedIn.body
  return {
    id,
    username,
    access,
    refresh,
    ask: (method, url, body, headers) => ask(app, method, url, body, { authorization: `Bearer ${access}`, ...headers })
  }
}
