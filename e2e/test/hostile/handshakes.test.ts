import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { limits } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { newPerson } from '../person.ts'
import { startStandalone } from '../standalone.ts'
import { codeOf, everythingFrom, request, say, speak } from './raw.ts'

const server = await startStandalone(t.testdir(), { SOCKETS_PER_PERSON: '3' })
t.teardown(() => server.stop())
const { url } = server
const ann = await newPerson(url)
const path = `/ws/chat?token=${ann.http.access}`
const handshake = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': randomBytes(16).toString('base64')
}
const h2c = { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABkAARAAAAAAAIAAAAA' }

t.test('a handshake that is broken is refused, and its connection closed', async t => {
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
    const answers = await say(url, request('GET', path, { ...handshake, ...headers }))
    t.equal(answers.length, 1, name)
    t.match(answers[0], { status }, name)
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS']) {
    const [answer] = await say(url, request(method, path, { ...handshake, Connection: 'Upgrade, close' }))
    t.match(answer, { status: /204|404|405/ }, method)
  }
})

t.test('who asks for another protocol is answered as if he had not asked', async t => {
  t.match(await say(url, request('GET', '/livez', { ...h2c, Connection: `${h2c.Connection}, close` })), [
    { status: 200 }
  ])

  const body = JSON.stringify({ username: 'nobody', password: 'wrong' })
  const headers = { ...h2c, Connection: `${h2c.Connection}, close`, 'Content-Type': 'application/json' }
  const words = request('POST', '/api/token/', headers, body)
  t.match(await say(url, words), [{ status: 401 }], 'with a body')
  const split = speak(url, words.slice(0, -10))
  split.once('connect', () => setImmediate(() => split.write(words.slice(-10))))
  t.match(String(await everythingFrom(split)), /^HTTP\/1\.1 401 /, 'in two pieces')
  const two = request('GET', '/livez', { ...h2c, Connection: h2c.Connection }) + request('GET', '/livez')
  t.match(await say(url, two), [{ status: 200 }, { status: 200 }], 'and asks again after that')

  const many = `GET /livez HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n${'a:b\r\n'.repeat(3_000)}Content-Length: 5\r\n\r\n`
  const answers = await say(url, many + request('GET', '/livez'))
  t.equal(answers.length, 1)
  t.match(answers[0], { status: 431 })
})

t.test(
  'only the path of the socket is upgraded: elsewhere the request is served as if it had not asked, and its connection closed',
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
      const answers = await say(url, request(method, path, headers))
      t.match(answers, [{ status, headers: { connection: 'close' } }], `${method} ${path}`)
    }
    for (const page of ['/docs', '/openapi.json', '/asyncapi.json'])
      t.match(String(await everythingFrom(speak(url, request('GET', page, handshake)))), /^HTTP\/1\.1 200 /, page)
    const old = request('GET', path, handshake).replace('HTTP/1.1', 'HTTP/1.0')
    t.match(await say(url, old), [{ status: 404 }], 'HTTP/1.0 has no upgrades')
  }
)

t.test('a handshake that is doubtful as a request is refused, and its connection closed', async t => {
  const words = request('GET', path, handshake)
  const cases: [string, string, number][] = [
    ['no host', words.replace('Host: x\r\n', ''), 400],
    ['two hosts', words.replace('Host: x', 'Host: x\r\nHost: y'), 400],
    ['101 headers', words.replace('Host: x', `Host: x${'\r\na: b'.repeat(100)}`), 431]
  ]
  for (const [name, words, status] of cases) t.match(await say(url, words), [{ status }], name)
})

t.test('who asks for an upgrade before he has his earlier answers is cut off', async t => {
  const before = request('GET', '/livez', { Connection: 'keep-alive' })
  for (const headers of [handshake, h2c])
    t.equal((await everythingFrom(speak(url, before + request('GET', path, headers)))).length, 0)
})

t.test('a frame that breaks the rules closes the socket with the code of the protocol', async t => {
  const text = 0x81
  const cases: [string, Buffer, number][] = [
    ['unmasked', Buffer.from([text, 2, 0x7b, 0x7d]), 1002],
    ['with the bit of compression', frame(text | 0x40, '{}'), 1002],
    ['with another reserved bit', frame(text | 0x10, '{}'), 1002],
    ['of an unknown kind', frame(0x83, '{}'), 1002],
    ['of an unknown control kind', frame(0x8b, ''), 1002],
    ['a ping of 126 bytes', frame(0x89, 'x'.repeat(126)), 1002],
    ['a ping in fragments', frame(0x09, 'x'), 1002],
    ['a continuation of nothing', frame(0x80, 'x'), 1002],
    ['a beginning within another', Buffer.concat([frame(0x01, 'x'), frame(text, 'y')]), 1002],
    ['invalid UTF-8', frame(text, '\xff\xfe'), 1007],
    ['a text that ends within a character', frame(text, '\xe2\x82'), 1007],
    ['a close code of one byte', frame(0x88, 'x'), 1002],
    ['a close code that nobody may send', frame(0x88, '\x03\xed'), 1002],
    ['a close reason that is no text', frame(0x88, '\x03\xe8\xff'), 1007],
    ['a length beyond all numbers', Buffer.from([text, 0xff, ...Buffer.alloc(8, 0xff)]), 1009],
    ['longer than the limit, only announced', Buffer.from([text, 0xff, 0, 0, 0, 0, 0xff, 0, 0, 0]), 1009],
    [
      'fragments that together are too long',
      Buffer.concat([frame(0x01, 'x'.repeat(60_000)), frame(0x80, 'x'.repeat(6_000))]),
      1009
    ],
    [
      'in too many fragments',
      Buffer.concat([frame(0x01, ''), ...Array.from({ length: limits.frameFragments }, () => frame(0, ''))]),
      1008
    ]
  ]
  for (const [name, bytes, code] of cases) {
    const socket = await openSocket(t)
    socket.write(bytes)
    t.equal(closeCodeIn(await everythingFrom(socket)), code, name)
  }
})

t.test('pings without end are a flood', async t => {
  const socket = await openSocket(t)
  socket.write(Buffer.concat(Array.from({ length: 1_000 }, () => frame(0x89, ''))))
  const said = await everythingFrom(socket)
  t.match(said.toString('latin1'), /"code":"throttled"/)
  t.equal(closeCodeIn(said), 4429)
})

t.test('a flood of commands is warned, then closed', async t => {
  const socket = await openSocket(t)
  socket.write(Buffer.concat(Array.from({ length: 1_000 }, (_, ref) => frame(0x81, `{"type":"ping","ref":${ref}}`))))
  const said = await everythingFrom(socket)
  t.match(said.toString('latin1'), /"ref":0,[\s\S]*"code":"throttled"[\s\S]*"retry_after_ms":\d+/)
  t.equal(closeCodeIn(said), 4429)
})

t.test('a socket too many is refused with 429 and Retry-After', async t => {
  const held = [await openSocket(t), await openSocket(t), await openSocket(t)]
  const [answer] = await say(url, request('GET', path, handshake))
  t.match(answer, { status: 429, headers: { 'retry-after': /^\d+$/, 'content-type': /^application\/problem\+json/ } })
  t.equal(codeOf(answer), 'too_many_sockets')

  held[0]?.end(frame(0x88, ''))
  if (held[0] !== undefined) await everythingFrom(held[0])
  await openSocket(t)
})

/** A socket that is open, and read by nobody yet. */
async function openSocket(t: Test): Promise<Socket> {
  const socket = speak(url, request('GET', path, handshake))
  t.teardown(() => socket.destroy())
  let said = ''
  while (!said.includes('"type":"ready"')) {
    const [chunk] = await once(socket, 'data')
    said += chunk.toString('latin1')
    if (!said.startsWith('HTTP/1.1 101')) throw new Error(said)
  }
  return socket
}

/** A frame as a client sends it: masked. */
function frame(first: number, text: string): Buffer {
  const payload = Buffer.from(text, 'latin1')
  const mask = Buffer.from([1, 2, 3, 4])
  const length =
    payload.length < 126 ? [payload.length | 0x80] : [126 | 0x80, payload.length >> 8, payload.length & 0xff]
  const masked = payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0))
  return Buffer.concat([Buffer.from([first, ...length]), mask, masked])
}

/** The code of the close frame among the frames that a server said; null for none. */
function closeCodeIn(bytes: Buffer): number | null {
  for (let at = 0; at + 2 <= bytes.length; ) {
    const short = (bytes[at + 1] ?? 0) & 0x7f
    const start = at + (short === 127 ? 10 : short === 126 ? 4 : 2)
    const length =
      short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short === 126 ? bytes.readUInt16BE(at + 2) : short
    if (((bytes[at] ?? 0) & 0x0f) === 0x08) return length >= 2 ? bytes.readUInt16BE(start) : null
    at = start + length
  }
  return null
}
