import { once } from 'node:events'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { type ChatSocket, chatSocket } from '@rendezvous/client'
import t from 'tap'
import { CheckedSocket, contractAt } from './contract/checked.ts'
import { HOST, type Nginx, needsNginx, startNginx } from './nginx.ts'
import { startStandalone } from './standalone.ts'

const PASSWORD = 'a password for tests'

/** A client of `HOST` behind `nginx`, whose connections come from `localAddress`. Answers follow the contract of the
 *  product at `url`. */
async function clientOf({ port, ca }: Nginx, localAddress: string, url: string) {
  const contract = await contractAt(url)
  const tls = { ca, servername: HOST, localAddress }
  let access = ''
  return {
    setToken(token: string): void {
      access = token
    },
    async ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
      const sent = request({
        ...{ host: '127.0.0.1', port, method, path, ...tls, agent: false },
        headers: {
          host: HOST,
          ...(access === '' ? {} : { authorization: `Bearer ${access}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers
        }
      })
      sent.end(body === undefined ? undefined : JSON.stringify(body))
      const [response] = await once(sent, 'response')
      const content = await text(response)
      const { statusCode: status = 0, headers: received } = response
      const type = received['content-type'] ?? ''
      if (path !== '/openapi.json') t.equal(contract.problem({ method, path, status, type, text: content }), null)
      return { status, headers: received, body: content === '' ? null : JSON.parse(content) }
    },
    connect(): ChatSocket {
      const headers = { host: HOST, origin: `https://${HOST}`, authorization: `Bearer ${access}` }
      return chatSocket(new CheckedSocket(`wss://127.0.0.1:${port}/ws/chat`, [], { headers, ...tls }))
    }
  }
}

t.test("the README's nginx configuration serves HTTP and the socket", needsNginx(), async t => {
  const product = await startStandalone(t.testdir(), { TRUST_PROXY: '127.0.0.1' })
  t.teardown(() => product.stop())
  const nginx = await startNginx(t, product.url)
  const client = await clientOf(nginx, '127.0.0.2', product.url)
  const spoofed = { 'x-forwarded-for': '203.0.113.9' }

  const account = { username: 'ann', password: PASSWORD }
  t.equal((await client.ask('POST', '/api/v1/auth/register/', account)).status, 201)
  for (let n = 0; n < 2; n += 1) {
    const { body } = await client.ask('POST', '/api/token/', account, spoofed)
    client.setToken(body.access)
  }

  await t.test('addresses in answers are those of nginx', async t => {
    const { body } = await client.ask('GET', '/api/v1/auth/sessions/?page_size=1')
    t.match(body.next, new RegExp(`^https://${HOST}/api/v1/auth/sessions/\\?.*cursor=`))
    const next = new URL(body.next)
    t.match(await client.ask('GET', next.pathname + next.search), { status: 200, body: { results: { length: 1 } } })
  })

  await t.test('the address of a client is its own, whatever it claims', async t => {
    const { body } = await client.ask('GET', '/api/v1/auth/sessions/?page_size=9')
    t.same(
      body.results.map(({ ip }: { ip: string }) => ip),
      ['127.0.0.2', '127.0.0.2']
    )
  })

  await t.test('a socket opens, and hears what is sent over HTTP', async t => {
    const socket = client.connect()
    t.teardown(() => socket.close())
    await socket.next('ready')
    const { id } = (await client.ask('GET', '/api/v1/auth/profile/')).body
    t.equal((await client.ask('POST', '/messages/send/', { receiver: id, content: 'through nginx' })).status, 201)
    t.match(await socket.next('message_created'), { content: 'through nginx' })
  })

  await t.test('the documentation is compressed and protected', async t => {
    const { headers } = await client.ask('GET', '/openapi.json')
    t.match(headers, { 'content-security-policy': /frame-ancestors 'none'/, 'x-content-type-options': 'nosniff' })
  })
})
