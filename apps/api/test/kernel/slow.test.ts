import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { buildServer } from '../../src/kernel/server.ts'

const app = buildServer({ headersTimeoutMs: 100, requestTimeoutMs: 200 })
t.teardown(() => app.close())
const handled: unknown[] = []
app.post('/', async request => handled.push(request.body))
await app.listen({ port: 0, host: '127.0.0.1' })
const { port } = app.server.address() as AddressInfo

/** Sends `bytes`. Resolves with the answer once the server has closed the connection. */
function exchange(bytes: string) {
  const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
  return text(socket)
}

const post = (...headers: string[]) =>
  `${['POST / HTTP/1.1', 'Host: x', 'Content-Type: application/json', ...headers].join('\r\n')}\r\n\r\n`

const late: Record<string, string> = {
  'a connection that sends nothing after the request line': 'GET / HTTP/1.1\r\n',
  'a request line that never ends': 'GET /livez',
  'headers that never end': 'GET / HTTP/1.1\r\nHost: x\r\nX: a',
  'a body that never comes': post('Content-Length: 100'),
  'a body shorter than its Content-Length': `${post('Content-Length: 100')}{"a":`,
  'chunks that never end': `${post('Transfer-Encoding: chunked')}1\r\n{\r\n`
}

for (const [name, bytes] of Object.entries(late)) {
  t.test(`${name} is answered with 408, and the connection is closed`, async t => {
    const answer = await exchange(bytes)
    t.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n/)
    t.match(answer, /\r\nConnection: close\r\n/)
    t.match(JSON.parse(answer.split('\r\n\r\n')[1] ?? ''), { status: 408, code: 'request_timeout' })
  })
}

t.test('one byte at a time does not keep a request alive', async t => {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(post('Content-Length: 60000'))
  const trickle = setInterval(() => socket.write('{'), 10)
  socket.on('close', () => clearInterval(trickle))
  t.match(await text(socket), /^HTTP\/1\.1 408 /)
})

t.test('none of these requests reached the handler', async t => {
  t.same(handled, [])
})
