import t from 'tap'
import { ask, startApi } from '../app.ts'

t.test('a request', async t => {
  const { app } = await startApi(t, { corsOrigins: ['https://app.example'] })

  t.test('keeps a well-formed X-Request-Id, and gets a new one otherwise', async t => {
    const withId = (id: string) => ask(app, 'GET', '/livez', undefined, { 'x-request-id': id })
    t.equal((await withId('a-1_b.c')).headers['x-request-id'], 'a-1_b.c')
    for (const bad of ['', 'a b', '<script>', 'a'.repeat(65)]) {
      t.match((await withId(bad)).headers['x-request-id'], /^[0-9a-f-]{36}$/, bad)
    }
  })

  t.test('with a method that the path lacks is answered with 405 and the methods of the path', async t => {
    const answer = await ask(app, 'PUT', '/messages/send/')
    t.match(answer, { status: 405, headers: { allow: 'POST, OPTIONS' }, body: { detail: 'Method "PUT" not allowed.' } })
    t.match(await ask(app, 'DELETE', '/api/v1/conversations/1/'), {
      status: 405,
      headers: { allow: 'GET, HEAD, PATCH, OPTIONS' }
    })
    t.match(await ask(app, 'GET', '/api/v1/conversations/1/leave'), { status: 405 })
  })

  t.test(
    'for the OPTIONS of a path is answered with its methods and media types, if the caller may use the path',
    async t => {
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
    }
  )

  t.test(
    'with an Accept that excludes JSON is refused on a path of the replaced backends, as by Django REST framework',
    async t => {
      const accepting = (accept: string, path = '/api/token/') => ask(app, 'POST', path, {}, { accept })
      for (const type of ['application/xml', 'image/png, text/plain;q=0.5', 'application/vnd.api+json', 'json'])
        t.match(await accepting(type), {
          status: 406,
          body: { detail: 'Could not satisfy the request Accept header.', code: 'not_acceptable' }
        })
      const accepted = [
        '',
        '*/*',
        'application/json; indent=4',
        'image/png, application/*;q=0.1',
        'text/html,*/*;q=0.8'
      ]
      for (const type of [...accepted, 'APPLICATION/JSON', 'application/problem+json', 'text/html'])
        t.equal((await accepting(type)).status, 400, type)
      t.equal((await accepting('application/xml', '/api/v1/sync/')).status, 401, 'our own paths ignore Accept')
    }
  )

  t.test('works with and without a trailing slash, and as HEAD', async t => {
    t.match(await ask(app, 'GET', '/livez/'), { status: 200, body: { status: 'ok' } })
    t.match(await ask(app, 'HEAD', '/livez'), { status: 200, text: '' })
  })

  t.test('from a page is allowed for the configured origins only', async t => {
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

t.test('a draining node is not ready, and is still alive', async t => {
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
