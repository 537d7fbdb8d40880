import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { ClusterError } from '@rendezvous/cluster'
import t from 'tap'
import { answerBrokenConnection } from '../src/kernel/problem.ts'
import { buildServer } from '../src/kernel/server.ts'
import { ask, startApi } from './app.ts'

t.test('what is thrown', async t => {
  const lines: string[] = []
  const app = buildServer({ logger: { level: 'info', stream: { write: line => lines.push(line) } } })
  t.teardown(() => app.close())
  let thrown: Error | undefined
  app.get('/outage', async () => {
    throw thrown
  })
  app.get('/bug', async () => {
    throw new Error('relation "person" does not exist')
  })

  t.test('and is none of ours is answered as internal, and logged without the query', async t => {
    const answer = await ask(app, 'GET', '/bug?token=secret', undefined, {
      'x-request-id': 'mine',
      authorization: 'Bearer secret'
    })
    t.same(answer.body, {
      type: 'urn:rendezvous:error:internal',
      title: 'Internal Server Error',
      status: 500,
      detail: 'A server error occurred.',
      code: 'internal',
      request_id: 'mine'
    })
    t.match(JSON.parse(lines.at(-1) ?? ''), {
      request_id: 'mine',
      err: { message: 'relation "person" does not exist' }
    })
    t.notMatch(lines.join(''), /secret/)
  })

  t.test('because something behind the node is out of reach is answered as that', async t => {
    const outages = [
      new ClusterError('unreachable', 'redis'),
      Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }),
      Object.assign(new Error('terminating connection'), { code: '57P01' }),
      Object.assign(new Error('canceling statement due to lock timeout'), { code: '55P03' }),
      new Error('timeout exceeded when trying to connect')
    ]
    for (const outage of outages) {
      thrown = outage
      t.match(await ask(app, 'GET', '/outage'), {
        status: 503,
        headers: { 'retry-after': '1' },
        body: { code: 'unavailable', detail: 'Service temporarily unavailable, try again later.' }
      })
    }
  })

  t.test('before a route is found is a problem too', async t => {
    const answer = await ask(app, 'GET', '/%zz?token=secret')
    t.match(answer, {
      status: 400,
      headers: { 'content-type': /^application\/problem\+json/ },
      body: { code: 'bad_url' }
    })
    t.notMatch(lines.join(''), /secret/)
  })
})

t.test('a request', async t => {
  const { app } = await startApi(t, { corsOrigins: ['https://app.example'] })

  t.test('keeps the plain name it brings, and gets one otherwise', async t => {
    const named = (id: string) => ask(app, 'GET', '/livez', undefined, { 'x-request-id': id })
    t.equal((await named('a-1_b.c')).headers['x-request-id'], 'a-1_b.c')
    for (const bad of ['', 'a b', '<script>', 'a'.repeat(65)]) {
      t.match((await named(bad)).headers['x-request-id'], /^[0-9a-f-]{36}$/, bad)
    }
  })

  t.test('by a method that a path lacks hears which it has', async t => {
    const answer = await ask(app, 'PUT', '/messages/send/')
    t.match(answer, { status: 405, headers: { allow: 'POST, OPTIONS' }, body: { detail: 'Method "PUT" not allowed.' } })
    t.match(await ask(app, 'DELETE', '/api/v1/conversations/1/'), {
      status: 405,
      headers: { allow: 'GET, HEAD, PATCH, OPTIONS' }
    })
    t.match(await ask(app, 'GET', '/api/v1/conversations/1/leave'), { status: 405 })
  })

  t.test('for the options of a path hears its methods and what it reads, if it may call it', async t => {
    t.match(await ask(app, 'OPTIONS', '/api/token/'), {
      status: 200,
      headers: { allow: 'POST, OPTIONS' },
      body: {
        name: '/api/token/',
        description: 'Sign in',
        renders: ['application/json'],
        parses: ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data']
      }
    })
    t.match(await ask(app, 'OPTIONS', '/api/v1/auth/profile/'), { status: 401 })
    t.match(await ask(app, 'OPTIONS', '/nowhere/'), { status: 404 })
  })

  t.test(
    'that accepts nothing of what is answered on a seed’s path hears so, as from Django REST framework',
    async t => {
      const accepting = (accept: string, path = '/api/token/') => ask(app, 'POST', path, {}, { accept })
      for (const type of ['application/xml', 'image/png, text/plain;q=0.5', 'application/vnd.api+json', 'json'])
        t.match(await accepting(type), {
          status: 406,
          body: { detail: 'Could not satisfy the request Accept header.', code: 'not_acceptable' }
        })
      const taken = ['', '*/*', 'application/json; indent=4', 'image/png, application/*;q=0.1', 'text/html,*/*;q=0.8']
      for (const type of [...taken, 'APPLICATION/JSON', 'application/problem+json', 'text/html'])
        t.equal((await accepting(type)).status, 400, type)
      t.equal((await accepting('application/xml', '/api/v1/sync/')).status, 401, 'our own paths do not ask')
    }
  )

  t.test('works with and without the slash, and as HEAD', async t => {
    t.match(await ask(app, 'GET', '/livez/'), { status: 200, body: { status: 'ok' } })
    t.match(await ask(app, 'HEAD', '/livez'), { status: 200, text: '' })
  })

  t.test('from a page is allowed to the origins that are named', async t => {
    const from = (origin: string) =>
      ask(app, 'OPTIONS', '/messages/send/', undefined, { origin, 'access-control-request-method': 'POST' })
    t.match(await from('https://app.example'), {
      status: 204,
      headers: { 'access-control-allow-origin': 'https://app.example', 'access-control-allow-methods': /PATCH/ }
    })
    t.equal((await from('https://evil.example')).headers['access-control-allow-origin'], undefined)
    const refused = await ask(app, 'GET', '/messages/', undefined, { origin: 'https://app.example' })
    t.match(refused.headers, {
      'access-control-allow-origin': 'https://app.example',
      'access-control-expose-headers':
        'Link, Retry-After, X-Request-Id, RateLimit, RateLimit-Policy, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store'
    })
  })
})

t.test('readiness says no while the node drains, life goes on', async t => {
  const { app, drain } = await startApi(t)
  t.match(await ask(app, 'GET', '/readyz'), { status: 200, body: { status: 'ok' } })
  drain()
  t.match(await ask(app, 'GET', '/readyz'), {
    status: 503,
    headers: { 'retry-after': '1' },
    body: { code: 'unavailable' }
  })
  t.match(await ask(app, 'GET', '/livez'), { status: 200 })
})

t.test('what is no HTTP', async t => {
  const app = buildServer()
  t.teardown(() => app.close())
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const say = (words: string) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(words))
    return text(socket)
  }

  t.test('is answered with a problem', async t => {
    const answer = await say('HELLO\r\n\r\n')
    t.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/)
    t.match(answer, /Content-Type: application\/problem\+json/)
    t.match(JSON.parse(answer.split('\r\n\r\n')[1] ?? ''), { status: 400, code: 'parse_error' })
  })

  t.test('nor are headers of 20 KB', async t => {
    const answer = await say(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`)
    t.match(answer, /^HTTP\/1\.1 431 /)
    t.match(JSON.parse(answer.split('\r\n\r\n')[1] ?? ''), { status: 431, code: 'headers_too_large' })
  })
})

t.test('a request that does not arrive in time is answered with 408', async t => {
  const late = Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
  const server = createServer(socket =>
    answerBrokenConnection(
      late,
      socket.on('error', () => undefined)
    )
  )
  t.teardown(() => server.close())
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))

  const answer = await text(connect((server.address() as AddressInfo).port, '127.0.0.1'))
  t.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n/)
  t.match(JSON.parse(answer.split('\r\n\r\n')[1] ?? ''), { status: 408, code: 'request_timeout' })
})
