import { request } from 'node:http'
import { problemBody } from '@rendezvous/contract'
import fastify from 'fastify'
import t from 'tap'
import { openClient } from './client.ts'
import { alice, claimsOf, type Gateway, openCluster, openGateway, tokenOf } from './gateway.ts'

interface Refusal {
  readonly status: number
  readonly body: Record<string, unknown>
}

/** Asks for an upgrade, and resolves with the refusal. */
function refusalOf(gateway: Gateway, path: string, headers: Record<string, string> = {}): Promise<Refusal> {
  const upgrade = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ=='
  }
  return new Promise((resolve, reject) => {
    const asked = request(gateway.url.replace('ws', 'http') + path, { headers: { ...upgrade, ...headers } })
    asked.on('upgrade', (_, socket) => reject(socket.destroy() && new Error('it was upgraded')))
    asked.on('error', reject)
    asked.on('response', answer => {
      let body = ''
      answer.on('data', chunk => {
        body += chunk
      })
      // resolves only when the gateway closed the connection
      answer.on('close', () => resolve({ status: answer.statusCode ?? 0, body: JSON.parse(body) }))
    })
    asked.end()
  })
}

/** An app whose errors are problem bodies, as in the api. */
function appWithProblems() {
  const app = fastify()
  app.setNotFoundHandler((_, reply) => reply.code(404).send({ code: 'not_found' }))
  app.setErrorHandler((error, _, reply) =>
    reply.code((error as { status: number }).status).send(problemBody(error as never, 'r1'))
  )
  return app
}

const open = (t: Parameters<typeof openGateway>[0], options: Parameters<typeof openGateway>[1] = {}) =>
  openGateway(t, { app: appWithProblems(), ...options })

const validToken = ({ timers }: Pick<Gateway, 'timers'>) => tokenOf(claimsOf(alice, timers.now() + 60_000))

t.test('a socket opens', async t => {
  const gateway = await open(t)
  const { url } = gateway
  const token = validToken(gateway)

  await t.test('with an Authorization header', async t => {
    const headers = { authorization: `Bearer ${token}` }
    t.equal((await (await openClient(t, `${url}/ws/chat`, [], { headers })).untilReady()).length, 2)
  })
  await t.test('with a token in the query, with and without the trailing slash', async t => {
    await (await openClient(t, `${url}/ws/chat?token=${token}`, [], {})).untilReady()
    await (await openClient(t, `${url}/ws/chat/?token=${token}`, [], {})).untilReady()
  })
  await t.test('with a ticket, once', async t => {
    const ticket = await gateway.tickets.issue(claimsOf(alice, gateway.timers.now() + 60_000), 30_000)
    await (await openClient(t, `${url}/ws/chat?ticket=${ticket}`, [], {})).untilReady()
    t.match(await refusalOf(gateway, `/ws/chat?ticket=${ticket}`), { status: 401, body: { code: 'ticket_not_valid' } })
  })
  await t.test('when a proxy added an Authorization header of another scheme', async t => {
    const headers = { authorization: 'Basic eDp5' }
    await (await openClient(t, `${url}/ws/chat?token=${token}`, [], { headers })).untilReady()
  })
})

t.test('a socket is refused with 401', async t => {
  const gateway = await open(t)
  const expired = await gateway.tickets.issue(claimsOf(alice, gateway.timers.now() + 60_000), 30_000)
  const ofExpired = await gateway.tickets.issue(claimsOf(alice, gateway.timers.now() + 20_000), 60_000)
  gateway.timers.advance(30_000)
  const refusals: [string, string, Record<string, string>, object][] = [
    ['without credentials', '', {}, { code: 'not_authenticated' }],
    [
      'for an invalid token',
      '?token=nonsense',
      {},
      { code: 'token_not_valid', messages: [{ message: 'Token is invalid' }] }
    ],
    [
      'for an expired token',
      '?token=old',
      {},
      { code: 'token_not_valid', messages: [{ message: 'Token is expired' }] }
    ],
    ['for two tokens', '?token=a&token=b', {}, { code: 'token_not_valid' }],
    ['for a token that is too long', `?token=${'a'.repeat(5_000)}`, {}, { code: 'token_not_valid' }],
    ['for an unknown ticket', '?ticket=nonsense', {}, { code: 'ticket_not_valid' }],
    ['for two tickets', '?ticket=a&ticket=b', {}, { code: 'ticket_not_valid' }],
    ['for an expired ticket', `?ticket=${expired}`, {}, { code: 'ticket_not_valid' }],
    ['for a ticket whose token expired', `?ticket=${ofExpired}`, {}, { code: 'ticket_not_valid' }],
    ['for a header with too many parts', '', { authorization: 'Bearer a b' }, { code: 'bad_authorization_header' }],
    ['for a header without a token', '', { authorization: 'Bearer' }, { code: 'bad_authorization_header' }]
  ]
  for (const [title, query, headers, body] of refusals)
    await t.test(title, async t => {
      t.match(await refusalOf(gateway, `/ws/chat${query}`, headers), { status: 401, body: { status: 401, ...body } })
    })

  await t.test('when the session has ended', async t => {
    gateway.backend.answers.alive = () => false
    t.match(await refusalOf(gateway, `/ws/chat?token=${validToken(gateway)}`), {
      status: 401,
      body: { code: 'token_not_valid' }
    })
  })
})

t.test('the token in the query can be switched off', async t => {
  const gateway = await open(t, { settings: { queryToken: false } })
  t.match(await refusalOf(gateway, `/ws/chat?token=${validToken(gateway)}`), {
    status: 401,
    body: { code: 'not_authenticated' }
  })
})

t.test('the origin of a page is checked before anything else', async t => {
  const gateway = await open(t, { settings: { allowedOrigins: ['https://app.example'] } })
  const { url } = gateway
  const target = `/ws/chat?token=${validToken(gateway)}`

  for (const origin of [
    'https://evil.example',
    'null',
    'http://app.example',
    'https://app.example.evil.example',
    'nonsense',
    'file://'
  ])
    t.match(await refusalOf(gateway, target, { origin }), { status: 403, body: { code: 'origin_not_allowed' } }, origin)
  const ofThisMachine = ['localhost:3000', '127.0.0.1:3000', '[::1]:3000'].map(host => `http://${host}`)
  for (const origin of ['https://app.example', 'HTTPS://APP.EXAMPLE', url.replace('ws', 'http'), ...ofThisMachine])
    await (await openClient(t, url + target, [], { origin })).untilReady()

  const elsewhere = { headers: { host: 'chat.example:8000' } }
  for (const origin of ['http://chat.example:3000', 'https://CHAT.example'])
    await (await openClient(t, url + target, [], { origin, ...elsewhere })).untilReady()
  for (const origin of ['http://localhost:3000', 'http://chat.example.evil.example'])
    t.match(await refusalOf(gateway, target, { origin, ...elsewhere.headers }), { status: 403 }, origin)

  const ofAll = await open(t, { settings: { allowedOrigins: ['*'] } })
  await (await openClient(t, ofAll.url + target, [], { origin: 'https://evil.example' })).untilReady()
})

t.test('a socket is refused with 503', async t => {
  await t.test('when the api cannot be asked', async t => {
    const gateway = await open(t)
    gateway.backend.interpose('alive', () => Promise.reject(new Error('no api')))
    const refusal = await refusalOf(gateway, `/ws/chat?token=${validToken(gateway)}`)
    t.match(refusal, { status: 503, body: { code: 'unavailable' } })
  })
  await t.test('when tickets cannot be looked up', async t => {
    const gateway = await open(t)
    gateway.wire.goDown()
    t.match(await refusalOf(gateway, '/ws/chat?ticket=a'), { status: 503 })
    gateway.wire.comeUp()
  })
  await t.test('when this node has the maximum of sockets', async t => {
    const gateway = await open(t, { settings: { socketsMax: 1 } })
    await gateway.connectReady(alice)
    t.match(await refusalOf(gateway, `/ws/chat?token=${validToken(gateway)}`), { status: 503 })
  })
  await t.test('when upgrades under way reach the maximum', async t => {
    const gateway = await open(t, { settings: { socketsMax: 1 } })
    let answer = () => {}
    const answered = new Promise<void>(resolve => {
      answer = resolve
    })
    gateway.backend.interpose('alive', () => answered)
    const admitted = gateway.connectReady(alice)
    await gateway.backend.whenAsked('alive', 1)
    t.match(await refusalOf(gateway, `/ws/chat?token=${validToken(gateway)}`), { status: 503 })

    answer()
    await admitted
  })
})

t.test('a plain request, or an upgrade of another path, is answered, and its connection closes', async t => {
  const app = appWithProblems()
  app.get('/plain', () => ({ plain: true }))
  const gateway = await open(t, { app })
  const plain = await fetch(`${gateway.url.replace('ws', 'http')}/ws/chat?token=${validToken(gateway)}`)
  t.equal(plain.status, 404)
  t.match(await refusalOf(gateway, '/elsewhere'), { status: 404 })
  t.match(await refusalOf(gateway, '/plain'), { status: 200, body: { plain: true } }, 'registered before the gateway')
})

t.test('a broken handshake is refused with a problem, and uses up no ticket', async t => {
  const cluster = openCluster()
  const gateway = await open(t, { cluster })
  const ticket = await cluster.tickets.issue(claimsOf(alice, gateway.timers.now() + 60_000), 30_000)
  const broken: [name: string, value: string][] = [
    ['Version', '99'],
    ['Key', 'short'],
    ['Protocol', 'a,,b'],
    ['Protocol', 'a, a']
  ]
  for (const [name, value] of broken) {
    const headers = { [`sec-websocket-${name.toLowerCase()}`]: value }
    const detail = `Missing or invalid Sec-WebSocket-${name} header.`
    t.match(await refusalOf(gateway, `/ws/chat?ticket=${ticket}`, headers), { status: 400, body: { detail } })
  }
  const client = await openClient(t, `${gateway.url}/ws/chat?ticket=${ticket}`, [], {})
  t.match((await client.untilReady()).at(-1), { type: 'ready' })
})

t.test('an app without an error handler answers with the right status', async t => {
  const gateway = await openGateway(t)
  t.match(await refusalOf(gateway, '/ws/chat'), { status: 401 })
})

t.test('the subprotocol chooses the dialect', async t => {
  const gateway = await open(t)
  const target = `${gateway.url}/ws/chat?token=${validToken(gateway)}`
  const dialectOf = async (protocols: string[]) => {
    const client = await openClient(t, target, protocols, {})
    return [client.socket.protocol, (await client.untilReady()).at(-1)?.dialect]
  }
  t.same(await dialectOf(['rendezvous.v1']), ['rendezvous.v1', 'rendezvous.v1'])
  t.same(await dialectOf(['graphql-ws', 'rendezvous.v1']), ['rendezvous.v1', 'rendezvous.v1'])
  t.same(await dialectOf([]), ['', 'legacy'])

  const unknown = await refusalOf(gateway, `/ws/chat?token=${validToken(gateway)}`, {
    'sec-websocket-protocol': 'soap'
  }).catch((error: Error) => error.message)
  t.equal(unknown, 'it was upgraded', 'an unknown subprotocol is not selected and does not prevent the upgrade')
})

t.test('an injected socket works as one over the network does', async t => {
  const cluster = openCluster()
  const gateway = await open(t, { cluster })
  const socket = await gateway.app.injectWS(`/ws/chat?token=${validToken(gateway)}`)
  const frame = await new Promise<string>(resolve => socket.once('message', data => resolve(data.toString())))
  t.equal(JSON.parse(frame).type, 'presence_snapshot')
  socket.terminate()
})

t.test('no token or ticket reaches the log of the gateway', async t => {
  const lines: string[] = []
  const path = (request: { url: string }) => ({ path: request.url.split('?', 1)[0] }) // as in the api
  const stream = { write: (line: string) => void lines.push(line) }
  const gateway = await openGateway(t, {
    app: fastify({ logger: { level: 'trace', stream, serializers: { req: path } } })
  })
  const ticket = await gateway.tickets.issue(claimsOf(alice, gateway.timers.now() + 60_000), 30_000)
  const token = validToken(gateway)

  const client = await openClient(t, `${gateway.url}/ws/chat?ticket=${ticket}`, [], {})
  await client.untilReady()
  for (const bad of ['secret', '{', 'x'.repeat(70_000)]) client.say(bad)
  await client.closed
  await refusalOf(gateway, '/ws/chat?ticket=secret', { authorization: 'Bearer secret secret' })
  gateway.backend.interpose('alive', () => Promise.reject(new Error('no api')))
  await refusalOf(gateway, `/ws/chat?token=${token}`)
  const log = lines.join('')
  t.match(log, '/ws/chat')
  for (const secret of [ticket, token, 'secret', 'xxxx']) t.notOk(log.includes(secret))
})
