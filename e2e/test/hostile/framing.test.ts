import t from 'tap'
import { newPerson } from '../person.ts'
import { startStandalone } from '../standalone.ts'
import { codeOf, exchange, request } from './raw.ts'

const server = await startStandalone(t.testdir())
t.teardown(() => server.stop())
const { url } = server
const [ann, bob] = [await newPerson(url), await newPerson(url)]

/** A request whose effect would be visible: a message from Ann to Bob. */
const smuggled = (() => {
  const body = JSON.stringify({ receiver: bob.id, content: 'smuggled' })
  const headers = {
    'Content-Type': 'application/json',
    Authorization: `Bearer ${ann.http.access}`,
    Connection: 'keep-alive'
  }
  return request('POST', '/messages/send/', headers, body)
})()

const post = (...headers: string[]) =>
  `${['POST /api/token/verify/ HTTP/1.1', 'Host: x', ...headers].join('\r\n')}\r\n\r\n`
const chunked = 'Transfer-Encoding: chunked'
const end = '0\r\n\r\n'

/** Requests that two servers could frame differently, each followed by the smuggled request. */
const ambiguous: Record<string, string> = {
  'a length and chunks': post('Content-Length: 5', chunked) + end + smuggled,
  'chunks and a length': post(chunked, 'Content-Length: 5') + end + smuggled,
  'two lengths': post('Content-Length: 0', `Content-Length: ${smuggled.length}`) + smuggled,
  'the same length twice': post('Content-Length: 0', 'Content-Length: 0') + smuggled,
  'a list of lengths': post('Content-Length: 0, 0') + smuggled,
  'a signed length': post('Content-Length: +0') + smuggled,
  'a negative length': post('Content-Length: -1') + smuggled,
  'a hexadecimal length': post('Content-Length: 0x0') + smuggled,
  'a length above 2^53': post(`Content-Length: ${'9'.repeat(30)}`) + smuggled,
  'a length of two words': post('Content-Length: 0 0') + smuggled,
  'chunked twice': post(chunked, chunked) + end + smuggled,
  'chunked twice in a line': post('Transfer-Encoding: chunked, chunked') + end + smuggled,
  'another coding before': post('Transfer-Encoding: gzip, chunked') + end + smuggled,
  'another coding after': post('Transfer-Encoding: chunked, identity') + end + smuggled,
  'an unknown coding': post('Transfer-Encoding: xchunked') + end + smuggled,
  'a quoted coding': post('Transfer-Encoding: "chunked"') + end + smuggled,
  'a vertical tab before the coding': post('Transfer-Encoding: \x0bchunked') + end + smuggled,
  'a coding on a line of its own': post('Transfer-Encoding:', ' chunked') + end + smuggled,
  'chunks in HTTP/1.0': post(chunked, 'Connection: keep-alive').replace('1.1', '1.0') + end + smuggled,
  'a space before the colon of the coding': post('Transfer-Encoding : chunked') + end + smuggled,
  'a space before the colon of the length': post('Content-Length : 0') + smuggled,
  'a folded header': post('X: a', ' b', 'Content-Length: 0') + smuggled,
  'a folded first header': post(' X: a', 'Content-Length: 0') + smuggled,
  'bare line feeds': post('Content-Length: 0').replaceAll('\r\n', '\n') + smuggled,
  'one bare line feed': post('X: a\nContent-Length: 9') + smuggled,
  'a bare line feed at the end': post('Content-Length: 0').replace(/\r\n\r\n$/, '\r\n\n') + smuggled,
  'a bare carriage return': post('X: a\rContent-Length: 9', 'Content-Length: 0') + smuggled,
  'a chunk size that is not a number': `${post(chunked)}zz\r\n\r\n${smuggled}`,
  'a chunk size with 0x': `${post(chunked)}0x1\r\na\r\n${end}${smuggled}`,
  'a negative chunk size': `${post(chunked)}-1\r\na\r\n${end}${smuggled}`,
  'a chunk size above 2^53': `${post(chunked)}${'f'.repeat(17)}\r\na\r\n${end}${smuggled}`,
  'a chunk size with a bare line feed': `${post(chunked)}1\na\r\n${end}${smuggled}`,
  'a chunk longer than its size': `${post(chunked)}1\r\nab\r\n${end}${smuggled}`,
  'a chunk extension with a bare line feed': `${post(chunked)}1;a\nb\r\na\r\n${end}${smuggled}`,
  'an endless chunk extension': `${post(chunked)}1;${'a'.repeat(20_000)}\r\na\r\n${end}${smuggled}`,
  'a host with a space': post('Content-Length: 0').replace('Host: x', 'Host: x y') + smuggled,
  'two hosts': post('Host: y', 'Content-Length: 0') + smuggled,
  'no host': `POST /api/token/verify/ HTTP/1.1\r\nContent-Length: 0\r\n\r\n${smuggled}`,
  'another version': post('Content-Length: 0').replace('1.1', '2.0') + smuggled,
  'no version': `GET /livez\r\n\r\n${smuggled}`,
  'the preface of HTTP/2': `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${smuggled}`,
  'U+0000 in a header': post('X: a\0b', 'Content-Length: 0') + smuggled,
  'an unknown method': `FOO / HTTP/1.1\r\nHost: x\r\n\r\n${smuggled}`
}

for (const [name, bytes] of Object.entries(ambiguous)) {
  t.test(`${name}: one answer of 400, and the connection is closed`, async t => {
    const answers = await exchange(url, bytes)
    t.equal(answers.length, 1)
    t.match(answers[0], {
      status: name === 'an endless chunk extension' ? /400|413/ : 400,
      headers: { connection: 'close' }
    })
    if (answers[0]?.headers['content-length'] !== undefined)
      t.match(codeOf(answers[0]), /parse_error|payload_too_large/)
  })
}

t.test('too many or too large headers are refused with 431, and the connection is closed', async t => {
  const get = (lines: string) => `GET /livez HTTP/1.1\r\nHost: x\r\n${lines}\r\n`
  const cases: [string, string][] = [
    ['3,000 short ones', get('a:b\r\n'.repeat(3_000)) + smuggled],
    ['101 of them', get('a:b\r\n'.repeat(100)) + smuggled],
    ['one of 20 KB', get(`X: ${'a'.repeat(20_000)}\r\n`)],
    ['5 of 4 KB', get(`X: ${'a'.repeat(4_000)}\r\n`.repeat(5)) + smuggled],
    ['70 KB without an end', `GET /livez HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(70_000)}`],
    ['a name of 20 KB', get(`${'a'.repeat(20_000)}: b\r\n`)]
  ]
  for (const [name, bytes] of cases) {
    const answers = await exchange(url, bytes)
    t.equal(answers.length, 1, name)
    t.match(answers[0], { status: 431, headers: { connection: 'close' } }, name)
    t.equal(codeOf(answers[0]), 'headers_too_large')
  }
  t.match(
    await exchange(url, get(`${'a:b\r\n'.repeat(98)}Connection: close\r\n`)),
    [{ status: 200 }],
    '100 lines are allowed'
  )
})

t.test('an unusual but unambiguous request is answered', async t => {
  const closing = 'Connection: close\r\n'
  t.match(await exchange(url, 'GET /livez HTTP/1.0\r\n\r\n'), [{ status: 200, headers: { connection: 'close' } }])
  t.match(await exchange(url, `GET http://x/livez HTTP/1.1\r\nHost: x\r\n${closing}\r\n`), [{ status: /200|400|404/ }])
  t.match(await exchange(url, `OPTIONS * HTTP/1.1\r\nHost: x\r\n${closing}\r\n`), [{ status: /204|400|404/ }])
  t.match(await exchange(url, `TRACE / HTTP/1.1\r\nHost: x\r\nCookie: a\r\n${closing}\r\n`), [{ status: /404|405/ }])
  t.same(await exchange(url, 'CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n'), [], 'no tunnel')
  const trailer = `${post('Transfer-Encoding: chunked', 'Connection: close', 'Trailer: authorization')}0\r\nauthorization: Bearer x\r\n\r\n`
  t.match(await exchange(url, trailer), [{ status: 400 }])
  t.match(await exchange(url, `\r\n\r\n${request('GET', '/livez')}`), [{ status: 200 }], 'empty lines before a request')
  const two = request('GET', '/livez', { Connection: 'keep-alive' }) + request('GET', '/livez')
  t.match(await exchange(url, two), [{ status: 200 }, { status: 200 }], 'one request after another')
})

t.test('no smuggled request was carried out', async t => {
  const path = `/messages/?with=${bob.id}`
  const [answer] = await exchange(url, request('GET', path, { Authorization: `Bearer ${ann.http.access}` }))
  t.match(answer, { status: 200, body: '[]' })
})
