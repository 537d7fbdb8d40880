import { localWhenUnreachable, memoryLimits, memoryWire } from '@rendezvous/cluster'
import t from 'tap'
import { refuseMisplacedLimits } from '../../src/kernel/limits.ts'
import { buildServer } from '../../src/kernel/server.ts'
import { startApi } from '../app.ts'
import { startLimited, three } from './limited-api.ts'

const { app, from, join } = await startLimited(t)

t.test('a request above the limit is answered with 429, and every answer tells how much is left', async t => {
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

t.test('a public request counts by address, an IPv6 address by its network', async t => {
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

t.test('an unknown path, and a request without a token, count by address too', async t => {
  const urls = ['/nowhere/', '/messages/?with=1', '/api/v1/conversations/', '/nowhere/']
  const answers = []
  for (const url of urls) answers.push((await app.inject({ url, remoteAddress: '192.0.2.7' })).statusCode)
  t.same(answers, [404, 401, 401, 429])
})

t.test('a signed-in user counts by account from any address, with separate limits for reads and writes', async t => {
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

t.test('search and sync have limits of their own', async t => {
  const { access } = await join('carl')
  const headers = { authorization: `Bearer ${access}` }
  const policyOf = async (method: 'GET' | 'POST', url: string) =>
    (await app.inject({ method, url, headers })).headers['ratelimit-policy']
  t.match(await policyOf('GET', '/api/v1/search/messages/?q=boat'), /^"search"/)
  t.match(await policyOf('POST', '/api/v1/sync/'), /^"sync"/)
})

t.test('login and registration have limits of their own, and health checks have none', async t => {
  const policyOf = async (url: string) => (await from('192.0.2.9', url)).headers['ratelimit-policy']
  t.match(await policyOf('/auth/login/'), /^"login"/)
  t.match(await policyOf('/api/token/'), /^"login"/)
  t.match(await policyOf('/api/v1/auth/register/'), /^"register"/)
  for (let n = 0; n < 5; n += 1) t.match(await app.inject('/livez'), { statusCode: 200 })
  t.equal((await app.inject('/livez')).headers.ratelimit, undefined)
})

t.test('pages of other origins may read the headers of a limit', async t => {
  const { headers } = await from('192.0.2.8', '/api/token/verify/', { origin: 'https://app.example' })
  t.match(headers['access-control-expose-headers'], /Retry-After.*RateLimit, RateLimit-Policy, RateLimit-Limit/)
})

t.test('while the shared store is unreachable each node counts on its own', async t => {
  const wire = memoryWire({ clock: () => 0 })
  const limits = localWhenUnreachable(memoryLimits(wire), memoryLimits(memoryWire({ clock: () => 0 })), () => 0)
  const all = {
    read: three,
    write: three,
    search: three,
    people: three,
    sync: three,
    public: three,
    login: three,
    register: three
  }
  const { app } = await startApi(t, { requestRates: all, ports: () => ({ limits }) })
  wire.goDown()
  const answers = []
  for (let n = 0; n < 4; n += 1) {
    const payload = { username: 'nobody', password: 'wrong' }
    answers.push((await app.inject({ method: 'POST', url: '/api/token/', payload })).statusCode)
  }
  t.same(answers, [401, 401, 401, 429])
})

t.test('a limit by account on a public route, or by address on another, is refused at start', async t => {
  const app = buildServer()
  refuseMisplacedLimits(app)
  t.throws(() => app.get('/a', { config: { limit: 'login' } }, async () => ''), /cannot be limited as login/)
  t.throws(() => app.get('/b', { config: { access: 'public', limit: 'write' } }, async () => ''), TypeError)
})
