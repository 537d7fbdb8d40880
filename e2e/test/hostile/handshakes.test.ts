import t from 'tap'
import { newPerson } from '../person.ts'
import { startStandalone } from '../standalone.ts'
import { codeOf, exchange, openRaw, readToEnd, request } from './raw.ts'
import { frame, handshake, openSocket } from './raw-socket.ts'

const server = await startStandalone(t.testdir(), { SOCKETS_PER_PERSON: '3' })
t.teardown(() => server.stop())
const { url } = server
const ann = await newPerson(url)
const path = `/ws/chat?token=${ann.http.access}`
const h2c = { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABkAARAAAAAAAIAAAAA' }

t.test('an invalid handshake is refused, and its connection closed', async t => {
  const cases: [string, Record<string, string>, RegExp][] = [
    ['another version', { 'Sec-WebSocket-Version': '99' }, /400|426/],
    ['no version', { 'Sec-WebSocket-Version': '' }, /400|426/],
    ['a short key', { 'Sec-WebSocket-Key': 'short' }, /400/],
    ['no key', { 'Sec-WebSocket-Key': '' }, /400/],
    ['a key that is no base64', { 'Sec-WebSocket-Key': '!'.repeat(24) }, /400/],
    ['a broken subprotocol', { 'Sec-WebSocket-Protocol': 'a,,b' }, /400/],
    ['the same subprotocol twice', { 'Sec-WebSocket-Protocol': 'a, a' }, /400/],
    ['another protocol', { Upgrade: 'h2c', Connection: 'Upgrade, close' }, /404/],
    ['two protocols', { Upgrade: 'h2c, websocket', Connection: 'Upgrade, close' }, /404/],
    ['no upgrade at all', { Connection: 'close' }, /404/]
  ]
  for (const [name, headers, status] of cases) {
    const answers = await exchange(url, request('GET', path, { ...handshake, ...headers }))
    t.equal(answers.length, 1, name)
    t.match(answers[0], { status }, name)
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS']) {
    const [answer] = await exchange(url, request(method, path, { ...handshake, Connection: 'Upgrade, close' }))
    t.match(answer, { status: /204|404|405/ }, method)
  }
})

t.test('an upgrade to another protocol is ignored, and the request is answered', async t => {
  t.match(await exchange(url, request('GET', '/livez', { ...h2c, Connection: `${h2c.Connection}, close` })), [
    { status: 200 }
  ])

  const body = JSON.stringify({ username: 'nobody', password: 'wrong' })
  const headers = { ...h2c, Connection: `${h2c.Connection}, close`, 'Content-Type': 'application/json' }
  const bytes = request('POST', '/api/token/', headers, body)
  t.match(await exchange(url, bytes), [{ status: 401 }], 'with a body')
  const split = openRaw(url, bytes.slice(0, -10))
  split.once('connect', () => setImmediate(() => split.write(bytes.slice(-10))))
  t.match(String(await readToEnd(split)), /^HTTP\/1\.1 401 /, 'in two pieces')
  const two = request('GET', '/livez', { ...h2c, Connection: h2c.Connection }) + request('GET', '/livez')
  t.match(await exchange(url, two), [{ status: 200 }, { status: 200 }], 'followed by another request')

  const many = `GET /livez HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n${'a:b\r\n'.repeat(3_000)}Content-Length: 5\r\n\r\n`
  const answers = await exchange(url, many + request('GET', '/livez'))
  t.equal(answers.length, 1)
  t.match(answers[0], { status: 431 })
})

t.test(
  'only the path of the socket is upgraded: elsewhere the upgrade is ignored and the connection closed after the answer',
  async t => {
    const authorized = { ...handshake, Authorization: `Bearer ${ann.http.access}` }
    const cases: [string, string, Record<string, string>, number][] = [
      ['GET', '/livez', handshake, 200],
      ['GET', '/readyz', handshake, 200],
      ['GET', '/api/v1/auth/profile/', handshake, 401],
      ['GET', '/api/v1/auth/profile/', authorized, 200],
      ['GET', `/messages/?with=${ann.id}`, authorized, 200],
      ['GET', '/nowhere', handshake, 404],
      ['GET', path.replace('chat', 'ch%61t'), handshake, 404],
      ['GET', '/livez', { ...handshake, 'Sec-WebSocket-Version': '99' }, 200],
      ['POST', '/livez', handshake, 405],
      ['POST', path, handshake, 404]
    ]
    for (const [method, path, headers, status] of cases) {
      const answers = await exchange(url, request(method, path, headers))
      t.match(answers, [{ status, headers: { connection: 'close' } }], `${method} ${path}`)
    }
    for (const page of ['/docs', '/openapi.json', '/asyncapi.json'])
      t.match(String(await readToEnd(openRaw(url, request('GET', page, handshake)))), /^HTTP\/1\.1 200 /, page)
    const old = request('GET', path, handshake).replace('HTTP/1.1', 'HTTP/1.0')
    t.match(await exchange(url, old), [{ status: 404 }], 'HTTP/1.0 has no upgrades')
  }
)

t.test('a handshake with ambiguous framing is refused, and its connection closed', async t => {
  const bytes = request('GET', path, handshake)
  const cases: [string, string, number][] = [
    ['no host', bytes.replace('Host: x\r\n', ''), 400],
    ['two hosts', bytes.replace('Host: x', 'Host: x\r\nHost: y'), 400],
    ['an empty host', bytes.replace('Host: x', 'Host: '), 400],
    ['a host with a path', bytes.replace('Host: x', 'Host: x/y'), 400],
    ['101 headers', bytes.replace('Host: x', `Host: x${'\r\na: b'.repeat(100)}`), 431]
  ]
  for (const [name, bytes, status] of cases) t.match(await exchange(url, bytes), [{ status }], name)
})

t.test('an upgrade that is pipelined behind an unanswered request closes the connection', async t => {
  const before = request('GET', '/livez', { Connection: 'keep-alive' })
  for (const headers of [handshake, h2c])
    t.equal((await readToEnd(openRaw(url, before + request('GET', path, headers)))).length, 0)
})

t.test('a socket above the limit is refused with 429 and Retry-After', async t => {
  const held = [await openSocket(t, url, path), await openSocket(t, url, path), await openSocket(t, url, path)]
  const [answer] = await exchange(url, request('GET', path, handshake))
  t.match(answer, { status: 429, headers: { 'retry-after': /^\d+$/, 'content-type': /^application\/problem\+json/ } })
  t.equal(codeOf(answer), 'too_many_sockets')

  held[0]?.end(frame(0x88, ''))
  if (held[0] !== undefined) await readToEnd(held[0])
  await openSocket(t, url, path)
})
