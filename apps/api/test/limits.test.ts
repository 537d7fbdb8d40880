import { localWhenUnreachable, memoryLimits, memoryWire } from '@rendezvous/cluster'
import { type Command, type CommandClass, commandClasses, rates } from '@rendezvous/contract'
import { parseEnv } from '@rendezvous/env'
import t, { type Test } from 'tap'
import { type RequestRates, refuseMisplacedLimits } from '../src/kernel/limits.ts'
import { buildServer } from '../src/kernel/server.ts'
import { passwordFailureRates, RateVariables, requestRates } from '../src/rates.ts'
import { startApi } from './app.ts'

const three = { limit: 3, windowMs: 30_000 }

/** A node where everything is limited to three in 30 seconds, save for `others`, whose clock stands still, and its cluster. */
async function startLimited(t: Test, others: Partial<RequestRates> = {}) {
  const wire = memoryWire({ clock: () => 0 })
  const limits = memoryLimits(wire)
  const all = {
    read: three,
    write: three,
    search: three,
    sync: three,
    public: three,
    login: three,
    register: three,
    ...others
  }
  const api = await startApi(t, { requestRates: all, ports: () => ({ limits, commandRates: all }) })
  const from = (remoteAddress: string, url = '/api/token/verify/', headers = {}) =>
    api.app.inject({ method: 'POST', url, remoteAddress, headers })
  return { ...api, wire, limits, from }
}

const { app, from, join } = await startLimited(t)

t.test('a request too many is answered with 429, and every answer says how much is left', async t => {
  const seen = []
  for (let n = 0; n < 3; n += 1) seen.push(await from('192.0.2.1'))
  t.match(seen[0], {
    statusCode: 400,
    headers: {
      'ratelimit-policy': '"public";q=3;w=30',
      ratelimit: '"public";r=2;t=10',
      'ratelimit-limit': '3',
      'ratelimit-remaining': '2',
      'ratelimit-reset': '10'
    }
  })
  t.same(
    seen.map(answer => answer.headers['ratelimit-remaining']),
    ['2', '1', '0']
  )

  const refused = await from('192.0.2.1')
  t.match(refused, { statusCode: 429, headers: { 'retry-after': '10', ratelimit: '"public";r=0;t=30' } })
  t.match(refused.json(), {
    type: 'urn:rendezvous:error:throttled',
    title: 'Too Many Requests',
    status: 429,
    code: 'throttled',
    detail: 'Request was throttled. Expected available in 10 seconds.'
  })
})

t.test('what needs no account counts by address, an IPv6 address by its network', async t => {
  const statuses = async (...addresses: string[]) => {
    const answers = []
    for (const address of addresses) answers.push((await from(address)).statusCode)
    return answers
  }
  t.same(
    await statuses('192.0.2.3', '::ffff:192.0.2.3', '192.0.2.3', '192.0.2.3', '192.0.2.2'),
    [400, 400, 400, 429, 400]
  )
  t.same(await statuses('2001:db8::1', '2001:db8:0:0:ffff::2', '2001:db8::3', '2001:db8::4'), [400, 400, 400, 429])
  t.same(await statuses('2001:db8:0:1::1'), [400])
})

t.test('a path that names nothing, and a request without a caller, count by address too', async t => {
  const urls = ['/nowhere/', '/messages/?with=1', '/api/v1/conversations/', '/nowhere/']
  const answers = []
  for (const url of urls) answers.push((await app.inject({ url, remoteAddress: '192.0.2.7' })).statusCode)
  t.same(answers, [404, 401, 401, 429])
})

t.test('who is signed in counts by account, reading and writing apart, wherever he is', async t => {
  const [ann, bob] = [await join('ann'), await join('bob')]
  const ask = (access: string, remoteAddress: string, method: 'GET' | 'POST' = 'GET') => {
    const url = method === 'GET' ? '/api/v1/conversations/' : '/api/v1/realtime/ticket/'
    return app.inject({ method, url, remoteAddress, headers: { authorization: `Bearer ${access}` } })
  }
  for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3'])
    t.match(await ask(ann.access, address), { statusCode: 200 })
  t.match(await ask(ann.access, '192.0.2.4'), { statusCode: 429, headers: { 'ratelimit-policy': '"read";q=3;w=30' } })
  t.match(await ask(ann.access, '192.0.2.1', 'POST'), { statusCode: 201, headers: { ratelimit: '"write";r=2;t=10' } })
  t.match(await ask(bob.access, '192.0.2.1'), { statusCode: 200 })
})

t.test('searching and syncing have limits of their own', async t => {
  const { access } = await join('carl')
  const headers = { authorization: `Bearer ${access}` }
  const policyOf = async (method: 'GET' | 'POST', url: string) =>
    (await app.inject({ method, url, headers })).headers['ratelimit-policy']
  t.match(await policyOf('GET', '/api/v1/search/messages/?q=boat'), /^"search"/)
  t.match(await policyOf('POST', '/api/v1/sync/'), /^"sync"/)
})

type Issued = Exclude<Command, { type: 'ping' }>

t.test('commands over the socket count with the requests of their account, and are refused alike', async t => {
  const { services, join } = await startLimited(t, { register: null, login: null })
  const [dora, emil] = [await join('dora'), await join('emil')]
  const execute = async (access: string, ...commands: Issued[]) => {
    const claims = await services.sessions.authenticate(access)
    return services.backend.execute(commands.map(command => ({ claims, command })))
  }
  const send = { type: 'send_message', to: emil.id, content: 'hello' } as const
  t.match(await execute(dora.access, send, send), [{ ok: true }, { ok: true }])
  t.match(await dora.ask('POST', '/messages/send/', { receiver: emil.id, content: 'hello' }), { status: 201 })

  const refusal = { ok: false, code: 'throttled', retryAfter: 10 }
  const sync: Issued = { type: 'sync' }
  t.match(await execute(dora.access, send, sync, send), [refusal, { ok: true }, refusal])
  t.match(await dora.ask('POST', '/messages/send/', { receiver: emil.id, content: 'hello' }), { status: 429 })
  t.match(await dora.ask('GET', `/messages/?with=${emil.id}`), { body: { length: 3 } }, 'nothing else was stored')
  t.match(await execute(emil.access, { ...send, to: dora.id }), [{ ok: true }], 'others go on')
})

const conversation = '/api/v1/conversations/1'
const twins = {
  send_message: ['POST', `${conversation}/messages/`],
  edit_message: ['PATCH', `${conversation}/messages/1/`],
  delete_message: ['DELETE', `${conversation}/messages/1/`],
  add_reaction: ['PUT', `${conversation}/messages/1/reactions/a/`],
  remove_reaction: ['DELETE', `${conversation}/messages/1/reactions/a/`],
  mark_read: ['POST', `${conversation}/read/`],
  message_read: ['POST', `${conversation}/messages/1/mark_read/`],
  read_ack: ['POST', `${conversation}/messages/1/mark_read/`],
  typing: ['POST', `${conversation}/typing/`],
  sync: ['POST', '/api/v1/sync/']
} as const
const classes: Readonly<Record<string, CommandClass | null>> = commandClasses

t.test('a command counts in the class of the endpoint that does the same', async t => {
  const without = Object.keys(commandClasses).filter(type => !Object.hasOwn(twins, type))
  t.same(without, ['mark_delivered', 'ping'])
  for (const type of without) t.equal(classes[type], null, type)

  const { app, join } = await startLimited(t, { register: null, login: null })
  for (const [type, [method, url]] of Object.entries(twins)) {
    const { access } = await join(`of-${type}`)
    const { headers } = await app.inject({ method, url, headers: { authorization: `Bearer ${access}` } })
    t.match(headers['ratelimit-policy'], `"${classes[type]}"`, type)
  }
})

t.test('signing in and making accounts have limits of their own, and health has none', async t => {
  const policyOf = async (url: string) => (await from('192.0.2.9', url)).headers['ratelimit-policy']
  t.match(await policyOf('/auth/login/'), /^"login"/)
  t.match(await policyOf('/api/token/'), /^"login"/)
  t.match(await policyOf('/api/v1/auth/register/'), /^"register"/)
  for (let n = 0; n < 5; n += 1) t.match(await app.inject('/livez'), { statusCode: 200 })
  t.equal((await app.inject('/livez')).headers.ratelimit, undefined)
})

t.test('pages of other origins may read what is left', async t => {
  const { headers } = await from('192.0.2.8', '/api/token/verify/', { origin: 'https://app.example' })
  t.match(headers['access-control-expose-headers'], /Retry-After.*RateLimit, RateLimit-Policy, RateLimit-Limit/)
})

t.test('while the shared store is out of reach each node counts for itself', async t => {
  const wire = memoryWire({ clock: () => 0 })
  const limits = localWhenUnreachable(memoryLimits(wire), memoryLimits(memoryWire({ clock: () => 0 })), () => 0)
  const all = { read: three, write: three, search: three, sync: three, public: three, login: three, register: three }
  const { app } = await startApi(t, { requestRates: all, ports: () => ({ limits }) })
  wire.goDown()
  const answers = []
  for (let n = 0; n < 4; n += 1) {
    const payload = { username: 'nobody', password: 'wrong' }
    answers.push((await app.inject({ method: 'POST', url: '/api/token/', payload })).statusCode)
  }
  t.same(answers, [401, 401, 401, 429])
})

t.test('the variables say the rates, all at once or one by one', async t => {
  const read = (env: Record<string, string>) => requestRates(parseEnv(RateVariables, env))
  t.match(read({}), { write: { limit: rates.write.limit, windowMs: rates.write.windowMs } })
  t.match(read({ RATE_WRITE: '7/1m', RATE_FACTOR: '2' }), {
    write: { limit: 14, windowMs: 60_000 },
    read: { limit: rates.read.limit * 2 }
  })
  t.match(read({ RATE_REGISTER: '0' }), { register: null })
  t.same(
    Object.values(read({ RATE_FACTOR: '0' })),
    Array.from({ length: 7 }, () => null)
  )
  t.match(passwordFailureRates(parseEnv(RateVariables, { RATE_FACTOR: '0' })), { account: { limit: 20 } })
  t.throws(() => read({ RATE_READ: '10' }), /RATE_READ must be a rate such as 2000\/10s/)
})

t.test('a limit that counts what its route does not know is refused at start', async t => {
  const app = buildServer()
  refuseMisplacedLimits(app)
  t.throws(() => app.get('/a', { config: { limit: 'login' } }, async () => ''), /cannot be limited as login/)
  t.throws(() => app.get('/b', { config: { access: 'public', limit: 'write' } }, async () => ''), TypeError)
})
