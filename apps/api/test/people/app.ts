import { randomUUID } from 'node:crypto'
import { type Delivery, type Limits, memoryLimits, memoryWire } from '@rendezvous/cluster'
import { type FailureRates, failureRates, type Profile, rates, type TokenPair, type UserId } from '@rendezvous/contract'
import { openTokens, type Tokens } from '@rendezvous/tokens'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { auditIn } from '../../src/audit/adapter.ts'
import type { SecurityEvent } from '../../src/audit/port.ts'
import { type AuditService, auditService } from '../../src/audit/service.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import { installKernel } from '../../src/kernel/kernel.ts'
import { buildServer } from '../../src/kernel/server.ts'
import { accountRoutes } from '../../src/people/accounts/route.ts'
import { accountService, type PresenceView } from '../../src/people/accounts/service.ts'
import { databaseAddresses } from '../../src/people/addresses/adapter.ts'
import { oldHashesIn } from '../../src/people/old-hashes/adapter.ts'
import { failureBudgets } from '../../src/people/passwords/failure-budgets.ts'
import { passwordService } from '../../src/people/passwords/service.ts'
import { databaseSessions } from '../../src/people/sessions/adapter.ts'
import { sessionService } from '../../src/people/sessions/service.ts'
import { tokenRoutes } from '../../src/people/tokens/route.ts'
import { userRoutes } from '../../src/people/users/route.ts'
import { engines } from '../database/engines.ts'
import { PASSWORD, plainEngine, usersOf } from './people.ts'

const REFRESH_MS = 14 * 86_400_000
const RETENTION_MS = 90 * 86_400_000

/** A server with the account routes alone, over the embedded engine. */
export interface AccountApp {
  readonly app: FastifyInstance
  readonly open: OpenDatabase
  readonly tokens: Tokens
  /** The announced ends of sessions, in order. */
  readonly ended: Ending[]
  /** The hashes that passwords were checked against, in order. */
  readonly checked: string[]
  /** The security events that were reported, in order. */
  readonly reported: SecurityEvent[]
  readonly audit: AuditService
  readonly time: { now: number }
  /** Sends JSON. Returns the status, the headers, and the body both parsed and raw. */
  call(method: 'GET' | 'POST' | 'PUT' | 'PATCH', url: string, body?: unknown, access?: string): Promise<Answer>
  /** Registers a person under a unique name and signs them in. */
  join(fields?: Record<string, unknown>): Promise<Member>
}

export interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  readonly text: string
  readonly headers: Record<string, unknown>
}

export interface Member {
  readonly id: UserId
  readonly username: string
  readonly access: string
  readonly refresh: string
}

/** Opens a server for `t`. It closes with the test. */
export async function openAccounts(t: Test, rates: FailureRates = failureRates): Promise<AccountApp> {
  const [engine] = engines()
  if (engine === undefined) throw new Error('no database engine is available')
  const open = await engine.open()
  const app = buildServer()
  t.teardown(() => app.close().then(() => open.close()))

  const time = { now: Date.parse('2026-02-01T12:00:00Z') }
  const tokens = await openTestTokens(app, time)
  const services = await serve(app, open, tokens, time, rates)
  const call = caller(app)
  return { app, open, tokens, time, call, join: joiner(call), ...services }
}

function openTestTokens(app: FastifyInstance, time: { now: number }): Promise<Tokens> {
  return openTokens(app, {
    keys: [{ id: 'k1', secret: Buffer.alloc(32, 'a') }],
    issuer: 'rendezvous',
    audience: 'chat',
    accessTtlMs: 3_600_000,
    refreshTtlMs: REFRESH_MS,
    clock: () => time.now,
    newId: randomUUID
  })
}

async function serve(
  app: FastifyInstance,
  open: OpenDatabase,
  tokens: Tokens,
  time: { now: number },
  budgets: FailureRates
) {
  const ended: Ending[] = []
  const checked: string[] = []
  const reported: SecurityEvent[] = []
  const report = (event: SecurityEvent) => void reported.push(event)
  const sessions = sessionService({
    sessions: databaseSessions(open.database),
    tokens,
    announcer: { announce: deliveries => ended.push(...endingsIn(deliveries)) },
    newId: randomUUID,
    refreshTtlMs: REFRESH_MS,
    report,
    uptime: () => time.now
  })
  const passwords = passwordService({ engine: recording(checked) })
  const limits: Limits = memoryLimits(memoryWire({ clock: () => time.now }))
  const failures = failureBudgets({ limits, addresses: databaseAddresses(open.database), rates: budgets })
  const audit = auditService({ audit: auditIn(open.database), limits, report, auditRetentionMs: RETENTION_MS })
  const [users, oldHashes] = [usersOf(open), oldHashesIn(open.database)]
  const presence = plainPresence()
  const settings = { peopleList: 'off', newId: randomUUID } as const
  const accounts = accountService({ users, sessions, passwords, oldHashes, failures, audit, presence, ...settings })
  const { authenticate } = sessions
  const refuseOtherMethods = await installKernel(app, { authenticate, corsOrigins: [], limits, rates })
  await app.register(tokenRoutes({ accounts, sessions }))
  await app.register(accountRoutes({ accounts }))
  await app.register(userRoutes({ accounts }))
  refuseOtherMethods()
  return { ended, checked, audit, reported }
}

/** `plainEngine`, which also checks the dummy hash and records every check. */
function recording(checked: string[]): typeof plainEngine {
  const note = (verdict: (hash: string, password: string) => boolean) => async (hash: string, password: string) => {
    checked.push(hash)
    return verdict(hash, password)
  }
  const verifies = { $plain$: note((hash, password) => hash === `$plain$${password}`), $argon2id$: note(() => false) }
  return { ...plainEngine, verifies }
}

/** Users are online when they last declared it. */
function plainPresence(): PresenceView {
  const online = new Set<UserId>()
  return {
    online: async userIds => new Set(userIds.filter(id => online.has(id))),
    async declare(userId, state) {
      if (state) online.add(userId)
      else online.delete(userId)
    },
    revealing: (_, change) => change()
  }
}

function caller(app: FastifyInstance): AccountApp['call'] {
  return async (method, url, body, access) => {
    const authorization = access === undefined ? {} : { authorization: `Bearer ${access}` }
    const json = body === undefined ? {} : { 'content-type': 'application/json' }
    const answer = await app.inject({
      method,
      url,
      headers: { 'x-request-id': 'test', ...authorization, ...json },
      ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) })
    })
    return { status: answer.statusCode, body: JSON.parse(answer.body), text: answer.body, headers: answer.headers }
  }
}

function joiner(call: AccountApp['call']): AccountApp['join'] {
  return async fields => {
    const username = `person-${randomUUID()}`
    const registered = await call('POST', '/api/v1/auth/register/', { username, password: PASSWORD, ...fields })
    if (registered.status !== 201) throw new Error(registered.text)
    const { id, username: name } = registered.body as Profile
    const signedIn = await call('POST', '/api/token/', { username: name, password: PASSWORD })
    return { ...(signedIn.body as TokenPair), id, username: name }
  }
}

/** The sessions whose sockets a control message closes. */
export interface Ending {
  readonly userId: UserId
  readonly sessionIds: readonly string[]
  readonly spare?: string
}

/** The sessions in the control messages among `deliveries`. */
function endingsIn(deliveries: readonly Delivery[]): Ending[] {
  return deliveries.flatMap(({ envelope: { header } }) => {
    if (header.kind !== 'control' || header.end_sessions === 'all') return []
    const { user_id: userId, end_sessions: sessionIds, spare } = header
    return [spare === undefined ? { userId, sessionIds } : { userId, sessionIds, spare }]
  })
}
