import { randomUUID } from 'node:crypto'
import { type Limits, memoryLimits, memoryWire } from '@rendezvous/cluster'
import { type FailureRates, failureRates, type Profile, rates, type TokenPair, type UserId } from '@rendezvous/contract'
import { openTokens, type Tokens } from '@rendezvous/tokens'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { databaseAddresses } from '../../src/adapters/addresses.ts'
import { oldHashesIn } from '../../src/adapters/old-hashes.ts'
import { databaseSessions } from '../../src/adapters/sessions.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import { installKernel } from '../../src/kernel/kernel.ts'
import { buildServer } from '../../src/kernel/server.ts'
import { accountRoutes } from '../../src/routes/accounts.ts'
import { tokenRoutes } from '../../src/routes/tokens.ts'
import { userRoutes } from '../../src/routes/users.ts'
import { accountService, type PresenceView } from '../../src/services/accounts.ts'
import { failures as countFailures } from '../../src/services/failures.ts'
import type { SessionsEnded } from '../../src/services/gate.ts'
import { passwordService } from '../../src/services/passwords.ts'
import { sessionService } from '../../src/services/sessions.ts'
import { engines } from '../database/engines.ts'
import { PASSWORD, plainEngine, usersOf } from './people.ts'

const REFRESH_MS = 14 * 86_400_000

/** The account routes over the embedded engine, alone on a server. */
export interface AccountApp {
  readonly app: FastifyInstance
  readonly open: OpenDatabase
  readonly tokens: Tokens
  /** What was announced as ended, in order. */
  readonly ended: SessionsEnded[]
  /** Hashes that passwords were checked against. */
  readonly checked: string[]
  readonly time: { now: number }
  /** Sends JSON; answers the status, the parsed body and the raw one. */
  call(method: 'GET' | 'POST' | 'PUT' | 'PATCH', url: string, body?: unknown, access?: string): Promise<Answer>
  /** Registers a person under a name of his own, and signs him in. */
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

/** Opens them for `t`; they close with it. */
export async function openAccounts(t: Test, rates: FailureRates = failureRates): Promise<AccountApp> {
  const [engine] = engines()
  if (engine === undefined) throw new Error('there is no engine')
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
  const ended: SessionsEnded[] = []
  const checked: string[] = []
  const sessions = sessionService({
    sessions: databaseSessions(open.database),
    tokens,
    announcer: { personal() {}, sessionsEnded: news => ended.push(news) },
    newId: randomUUID,
    refreshTtlMs: REFRESH_MS,
    uptime: () => time.now
  })
  const passwords = passwordService({ engine: noting(checked) })
  const limits: Limits = memoryLimits(memoryWire({ clock: () => time.now }))
  const failures = countFailures({ limits, addresses: databaseAddresses(open.database), rates: budgets })
  const [users, oldHashes] = [usersOf(open), oldHashesIn(open.database)]
  const accounts = accountService({ users, sessions, passwords, oldHashes, failures, presence: plainPresence() })
  const { authenticate } = sessions
  const refuseOtherMethods = await installKernel(app, { authenticate, corsOrigins: [], limits, rates })
  await app.register(tokenRoutes({ accounts, sessions }))
  await app.register(accountRoutes({ accounts }))
  await app.register(userRoutes({ accounts }))
  refuseOtherMethods()
  return { ended, checked }
}

/** `plainEngine`, which also stands in for the hash that is nobody's, and notes every check. */
function noting(checked: string[]): typeof plainEngine {
  const note = (verdict: (hash: string, password: string) => boolean) => async (hash: string, password: string) => {
    checked.push(hash)
    return verdict(hash, password)
  }
  const verifies = { $plain$: note((hash, password) => hash === `$plain$${password}`), $argon2id$: note(() => false) }
  return { ...plainEngine, verifies }
}

/** Online is who last said so. */
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
