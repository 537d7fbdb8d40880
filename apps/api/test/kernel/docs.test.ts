import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import t from 'tap'
import { startApi } from '../app.ts'

const { app } = await startApi(t)
const page = await app.inject('/docs')
const assets = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address ?? '')
const script = assets.find(address => address.includes('bundle')) ?? ''

t.test('the pages of the documentation run no foreign script, and cannot be framed', async t => {
  for (const url of ['/docs', '/docs/', '/openapi.json', '/asyncapi.json', '/docs/static/nothing.js', ...assets])
    t.match(
      (await app.inject(url)).headers,
      {
        'content-security-policy': /^default-src 'none'; script-src 'self';.* frame-ancestors 'none'$/,
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff'
      },
      url
    )
  t.notMatch(page.body, /<script>|<style|\son\w+=|style=/, 'nothing on the page is inline')
  t.match((await app.inject('/docs/static/nothing.js')).statusCode, 404)
})

t.test('its files are kept for ever, because their addresses change with them', async t => {
  t.ok(assets.length >= 5)
  for (const url of assets) {
    t.match(url, /\?v=[\w-]{16}$/)
    t.match((await app.inject(url)).headers, { 'cache-control': 'public, max-age=31536000, immutable' }, url)
  }
  t.match(page.headers, { 'cache-control': 'no-cache' })
})

t.test('what it serves is compressed as the client accepts it, with the same contents', async t => {
  const get = (url: string, accepted: string) => app.inject({ url, headers: { 'accept-encoding': accepted } })
  for (const url of [script, '/openapi.json']) {
    const plain = await get(url, 'identity')
    t.match(plain.headers, { 'content-encoding': undefined, vary: 'accept-encoding' })
    const [brotli, gzip] = [await get(url, 'gzip, deflate, br, zstd'), await get(url, 'br;q=0, GZIP;q=0.5')]
    t.match(
      [brotli, gzip].map(answer => answer.headers['content-encoding']),
      ['br', 'gzip']
    )
    t.ok(brotliDecompressSync(brotli.rawPayload).equals(plain.rawPayload))
    t.ok(gunzipSync(gzip.rawPayload).equals(plain.rawPayload))
    t.ok(brotli.rawPayload.length * 3 < plain.rawPayload.length)
  }
})

t.test('the second client gets the bytes that were compressed for the first', async t => {
  const answers = await Promise.all(
    [1, 2].map(() => app.inject({ url: '/openapi.json', headers: { 'accept-encoding': 'br' } }))
  )
  t.equal(answers[0]?.headers.etag, answers[1]?.headers.etag)
  const etag = String(answers[0]?.headers.etag)
  const again = await app.inject({ url: '/openapi.json', headers: { 'accept-encoding': 'br', 'if-none-match': etag } })
  t.match(again, { statusCode: 304, body: '' })
  t.not((await app.inject('/asyncapi.json')).headers.etag, etag)
})
