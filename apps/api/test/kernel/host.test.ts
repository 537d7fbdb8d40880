import type { Test } from 'tap'
import t from 'tap'
import { setPublicOrigin } from '../../src/kernel/host.ts'
import { answerPage } from '../../src/kernel/paging.ts'
import { buildServer, type ServerSettings } from '../../src/kernel/server.ts'
import { trustedProxies } from '../../src/network.ts'

/** A server whose `/list` has a next page. The answer to a request with these headers: its status, and `next`. */
async function listed(t: Test, settings: ServerSettings = {}, publicOrigin = '') {
  const app = buildServer(settings)
  setPublicOrigin(app, publicOrigin)
  app.get('/list', async (request, reply) => answerPage(request, reply, { results: [], next: 'abc' }, 'array'))
  await app.ready()
  t.teardown(() => app.close())
  return async (headers: Record<string, string>, path = '/list?page_size=2') => {
    const answer = await app.inject({ method: 'GET', url: path, headers })
    return { status: answer.statusCode, next: answer.json().next, link: answer.headers.link, text: answer.body }
  }
}

t.test('the address of the next page names the host of the request', async t => {
  const get = await listed(t)
  for (const host of [
    'localhost:8000',
    'chat.example',
    '127.0.0.1',
    '[::1]:8000',
    'my_service',
    'xn--bcher-kva.example.'
  ])
    t.match(await get({ host }), { status: 200, next: `http://${host}/list?page_size=2&cursor=abc` })
  t.match(await get({ host: 'chat.example' }, '/list'), { link: '<http://chat.example/list?cursor=abc>; rel="next"' })
})

t.test('a host with other characters is refused, and not repeated', async t => {
  const get = await listed(t)
  for (const host of [
    ...['evil.example/path', 'a@evil.example', 'a b', '"><script>', "x'y", 'a,b', 'a;b', 'a?b', 'a#b', 'a\\b', 'é'],
    ...['chat.example:', 'chat.example:port', 'chat.example:123456', '[::1', '::1', '[x]', '-a', '.', 'a%2fb'],
    'x'.repeat(300)
  ]) {
    const answer = await get({ host })
    t.match(answer, { status: 400, text: /"code":"parse_error"/ }, host)
    t.notOk(host.length > 2 && answer.text.includes(host), `${host} is not repeated`)
  }
})

t.test(
  'the forwarded host and protocol of a trusted proxy are used and checked, and those of others ignored',
  async t => {
    const trusting = await listed(t, { trustProxy: trustedProxies('127.0.0.1') })
    const forwarded = { host: 'inside:8000', 'x-forwarded-host': 'chat.example', 'x-forwarded-proto': 'https' }
    t.match(await trusting(forwarded), { next: 'https://chat.example/list?page_size=2&cursor=abc' })
    t.match(await trusting({ ...forwarded, 'x-forwarded-host': 'a/b' }), { status: 400 })
    t.match(await trusting({ ...forwarded, 'x-forwarded-proto': 'javascript' }), { status: 400 })

    const alone = await listed(t)
    t.match(await alone({ ...forwarded, 'x-forwarded-host': 'a/b' }), { next: /^http:\/\/inside:8000\// })
  }
)

t.test('PUBLIC_URL is the host of every address, whatever the request names', async t => {
  const get = await listed(t, {}, 'https://chat.example')
  for (const host of ['localhost:8000', 'evil.example'])
    t.match(await get({ host }), { next: 'https://chat.example/list?page_size=2&cursor=abc' })
})
