import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { buildServer } from '../src/kernel/server.ts'

const app = buildServer({ headersTimeoutMs: 100, requestTimeoutMs: 200 })
t.teardown(() => app.close())
const carriedOut: unknown[] = []
app.post('/', async request => carriedOut.push(request.body))
await app.listen({ port: 0, host: '127.0.0.1' })
const { port } = app.server.address() as AddressInfo

/** Says `words`, and resolves with what was answered once the server has closed the connection. */
function say(words: string) {
  const socket = connect(port, '127.0.0.1', () => socket.write(words))
  return text(socket)
}

const post = (...headers: string[]) =>
  `${['POST / HTTP/1.1', 'Host: x', 'Content-Type: application/json', ...headers].join('\r\n')}\r\n\r\n`

const late: Record<string, string> = {
  'a connection that says nothing after a line': 'GET / HTTP/1.1\r\n',
  'a request line that never ends': 'GET /livez',
  'headers that never end': 'GET / HTTP/1.1\r\nHost: x\r\nX: a',
  'a body that never comes': post('Content-Length: 100'),
  'a body shorter than it says': `${post('Content-Length: 100')}{"a":`,
  'chunks that never end': `${post('Transfer-Encoding: chunked')}1\r\n{\r\n`
}

for (const [name, words] of Object.entries(late)) {
  t.test(`${name} is answered with 408, and the connection is closed`, async t => {
    const answer = await say(words)
    t.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n/)
    t.match(answer, /\r\nConnection: close\r\n/)
    t.match(JSON.parse(answer.split('\r\n\r\n')[1] ?? ''), { status: 408, code: 'request_timeout' })
  })
}

t.test('a byte now and then does not keep a request alive', async t => {
  const socket = connect(port, '127.0.0.1', () => socket.write(post('Content-Length: 60000')))
  const drops = setInterval(() => socket.write('{'), 10)
  socket.on('error', () => undefined).on('close', () => clearInterval(drops))
  t.match(await text(socket), /^HTTP\/1\.1 408 /)
})

t.test('nothing of that was carried out', async t => {
  t.same(carriedOut, [])
})
