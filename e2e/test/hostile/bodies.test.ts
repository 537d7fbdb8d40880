import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { limits } from '@rendezvous/contract'
import t from 'tap'
import { startStandalone } from '../standalone.ts'
import { codeOf, exchange, type RawAnswer, request } from './raw.ts'

const server = await startStandalone(t.testdir())
t.teardown(() => server.stop())
const { url } = server

const LOGIN = '/api/token/'
const JSON_TYPE = { 'Content-Type': 'application/json' }
const credentials = JSON.stringify({ username: 'nobody', password: 'wrong' })

const only = (answers: RawAnswer[]) => (answers.length === 1 ? answers[0] : undefined)
const post = (body: string, headers: Record<string, string> = JSON_TYPE) =>
  exchange(url, request('POST', LOGIN, headers, body))

t.test('a compressed body is refused with 415', async t => {
  const bodies = { gzip: gzipSync(credentials), deflate: deflateSync(credentials), br: brotliCompressSync(credentials) }
  for (const [encoding, body] of Object.entries(bodies)) {
    const answer = only(await post(body.toString('latin1'), { ...JSON_TYPE, 'Content-Encoding': encoding }))
    t.match(answer, { status: 415 }, encoding)
    t.equal(codeOf(answer), 'unsupported_media_type')
  }
  const bomb = gzipSync(Buffer.alloc(50_000_000)).toString('latin1')
  t.match(
    only(await post(bomb.slice(0, 50_000), { ...JSON_TYPE, 'Content-Encoding': 'gzip' })),
    { status: 415 },
    'a compression bomb'
  )
  t.match(only(await post(credentials, { ...JSON_TYPE, 'Content-Encoding': 'gzip, identity' })), { status: 415 })
  t.match(
    only(await post(credentials, { ...JSON_TYPE, 'Content-Encoding': 'identity' })),
    { status: 401 },
    'identity is no encoding'
  )
})

t.test('a charset that is not UTF-8 is refused with 415', async t => {
  for (const charset of ['latin1', 'utf-16', 'utf-7', 'x', '""']) {
    const answer = only(await post(credentials, { 'Content-Type': `application/json; charset=${charset}` }))
    t.match(answer, { status: charset === '""' ? /401|415/ : 415 }, charset)
  }
  t.match(only(await post(credentials, { 'Content-Type': 'application/json; charset="UTF-8"' })), { status: 401 })
})

t.test('malformed JSON and invalid UTF-8 are refused with 400', async t => {
  const cases: Record<string, string> = {
    'invalid UTF-8': '{"username":"\xff\xfe","password":"x"}',
    'an overlong form': '{"username":"\xc0\x80","password":"x"}',
    'a surrogate as bytes': '{"username":"\xed\xa0\x80","password":"x"}',
    'a truncated character': '{"username":"\xe2\x82","password":"x"}',
    'U+0000': '{"username":"a\\u0000b","password":"x"}',
    'a raw control character': '{"username":"a\0b","password":"x"}',
    'a byte order mark': '\xef\xbb\xbf{"username":"a","password":"x"}',
    'two values': '{}{}',
    'no value': ' '
  }
  for (const [name, body] of Object.entries(cases))
    t.match(only(await post(body)), { status: name === 'a byte order mark' ? /400|401/ : 400 }, name)
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
  t.match(only(await post('username=a%00b&password=x', form)), { status: 400 })
  t.match(only(await post('username=%ff%fe&password=x', form)), { status: /400|401/ })
})

t.test('a body above the limit is refused with 413, and the connection is closed', async t => {
  const huge = 'x'.repeat(limits.bodyBytes + 1)
  const types = ['application/json', 'application/x-www-form-urlencoded', 'text/plain']
  for (const type of types) {
    const headers = { 'Content-Type': type, Connection: 'keep-alive' }
    const answer = only(await post(huge, headers))
    t.match(answer, { status: 413, headers: { connection: 'close' } }, type)
    t.equal(codeOf(answer), 'payload_too_large')

    const chunked = request('POST', LOGIN, { ...headers, 'Transfer-Encoding': 'chunked' })
    const bytes = `${chunked}${huge.length.toString(16)}\r\n${huge}\r\n0\r\n\r\n`
    t.match(only(await exchange(url, bytes)), { status: 413, headers: { connection: 'close' } }, `${type} in chunks`)
  }
  const part = `--b\r\nContent-Disposition: form-data; name="username"\r\n\r\n${huge}\r\n--b--\r\n`
  const form = { 'Content-Type': 'multipart/form-data; boundary=b' }
  t.match(only(await post(part, form)), { status: 413 }, 'a multipart form, which is read to its end')

  const announced = request('POST', LOGIN, { ...JSON_TYPE, Connection: 'keep-alive', 'Content-Length': '999999999999' })
  t.match(
    only(await exchange(url, announced)),
    { status: 413, headers: { connection: 'close' } },
    'a body that is only announced'
  )
})

t.test('Expect: 100-continue is answered with 100, and other expectations are ignored', async t => {
  const headers = { ...JSON_TYPE, Expect: '100-continue' }
  t.match(await post(credentials, headers), [{ status: 100 }, { status: 401 }])
  t.match(only(await post(credentials, { ...JSON_TYPE, Expect: 'nonsense' })), { status: 401 })
})

t.test('a body on a request that needs none is ignored', async t => {
  t.match(only(await exchange(url, request('GET', '/livez', {}, 'hello'))), { status: 200 })
  t.match(only(await exchange(url, request('DELETE', '/livez', {}, 'hello'))), { status: 405 })
})
