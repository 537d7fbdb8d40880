import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { answerBrokenConnection } from '../../src/kernel/problem.ts'
import { buildServer } from '../../src/kernel/server.ts'

t.test('bytes that are not HTTP', async t => {
  const app = buildServer()
  t.teardown(() => app.close())
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const exchange = (bytes: string) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    return text(socket)
  }

  t.test('are answered with a problem body', async t => {
    const answer = await exchange('HELLO\r\n\r\n')
    t.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/)
    t.match(answer, /Content-Type: application\/problem\+json/)
    t.match(JSON.parse(answer.split('\r\n\r\n')[1] ?? ''), { status: 400, code: 'parse_error' })
  })

  t.test('are refused with 431 when the headers have 20 KB', async t => {
    const answer = await exchange(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`)
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
