import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { ControlHeader } from '@rendezvous/cluster'
import t from 'tap'
import { alice, bob, type Gateway, openGateway, publisher, toAlice } from './gateway.ts'

/** The server's end of the next connection. */
async function nextConnection({ app }: Gateway): Promise<Socket> {
  const [connection] = await once(app.server, 'connection')
  return connection as Socket
}

t.test('a socket is pinged every 25 s, and one that answers stays', async t => {
  const gateway = await openGateway(t)
  const client = await gateway.connectReady(alice)
  for (let beat = 0; beat < 5; beat += 1) {
    const pinged = once(client.socket, 'ping')
    gateway.timers.advance(25_000)
    await pinged
    client.say({ type: 'ping' }) // the pong is sent before it
    t.match(await client.next(), { type: 'ack' })
  }
})

t.test('no pong within 10 s closes with 4003', async t => {
  const gateway = await openGateway(t)
  const client = await gateway.connectReady(alice, { autoPong: false })
  const pinged = once(client.socket, 'ping')
  gateway.timers.advance(25_000)
  await pinged
  client.socket.pong() // answers this one
  client.say({ type: 'ping' })
  await client.next()

  gateway.timers.advance(34_999)
  client.say({ type: 'ping' })
  t.match(await client.next(), { type: 'ack' }, 'it is open until then')
  gateway.timers.advance(1)
  t.same(await client.closed, { code: 4003, reason: 'heartbeat_timeout' })
})

t.test('a client that does not answer the close frame is cut', async t => {
  const gateway = await openGateway(t)
  const connection = nextConnection(gateway)
  const client = await gateway.connectReady(alice)
  client.socket.pause()
  const cut = once(await connection, 'close')
  gateway.timers.advance(35_000)
  gateway.timers.advance(2_000)
  await cut
})

t.test('a socket closes with 4004 when its token expires', async t => {
  const gateway = await openGateway(t)
  const client = await gateway.connectReady(alice, { claims: { expiresAt: gateway.timers.now() + 20_000 } })
  gateway.timers.advance(19_999)
  client.say({ type: 'ping' })
  t.match(await client.next(), { type: 'ack' })
  gateway.timers.advance(1)
  t.same(await client.closed, { code: 4004, reason: 'token_expired' })
})

t.test('sockets of ended sessions close at once with 4501', async t => {
  const end = (header: Partial<ControlHeader>) => ({
    header: { kind: 'control', end_sessions: 'all', user_id: alice, code: 4501, ...header } as const,
    frames: []
  })

  await t.test('those of the named sessions', async t => {
    const gateway = await openGateway(t)
    const [one, two] = [
      await gateway.connectReady(alice, { claims: { sessionId: 's1' } }),
      await gateway.connectReady(alice, { claims: { sessionId: 's2' } })
    ]
    const api = publisher(t, gateway)
    await api.publish([toAlice], end({ end_sessions: ['s1', 's9'] }))
    t.same(await one.closed, { code: 4501, reason: 'session_ended' })
    await api.tell([toAlice], 'still here')
    t.match(await two.next(), { text: 'still here' })
  })

  await t.test('all, except those of the spared token', async t => {
    const gateway = await openGateway(t)
    const [one, spared] = [
      await gateway.connectReady(alice),
      await gateway.connectReady(alice, { claims: { tokenId: 'spared' } })
    ]
    const api = publisher(t, gateway)
    await api.publish([toAlice], end({ spare: 'spared' }))
    t.equal((await one.closed).code, 4501)
    await api.tell([toAlice], 'still here')
    t.match(await spared.next(), { text: 'still here' })
  })

  await t.test('also while it connects', async t => {
    const gateway = await openGateway(t)
    const api = publisher(t, gateway)
    gateway.backend.interpose('roster', () => api.publish([toAlice], end({})))
    t.equal((await (await gateway.connect(alice)).closed).code, 4501)
  })

  await t.test('and their waiting commands are not carried out', async t => {
    const gateway = await openGateway(t)
    const client = await gateway.connectReady(alice)
    const other = await gateway.connectReady(bob)
    const closed = client.closed
    gateway.backend.interpose('execute', async () => {
      await publisher(t, gateway).publish([toAlice], end({}))
      await closed
    })
    for (const ref of [1, 2, 3]) client.say({ type: 'send_message', ref, to: bob, content: 'x' })
    t.equal((await closed).code, 4501)

    other.say({ type: 'send_message', to: alice, content: 'x' })
    t.match(await other.next(), { type: 'ack' })
    t.same(
      gateway.backend.asked('execute').map(({ claims }) => claims.userId),
      [alice, bob]
    )
  })
})

t.test('a client that reads slower than events arrive is closed with 4002, and delays no other', async t => {
  const megabyte = 1024 * 1024
  const gateway = await openGateway(t, { settings: { slowConsumerBytes: 8 * megabyte } })
  const [slow, quick] = [await gateway.connectReady(alice), await gateway.connectReady(alice)]
  const api = publisher(t, gateway)
  let got = 0
  slow.socket.on('message', () => {
    got += 1
  })
  slow.socket.pause()
  for (let sent = 0; sent < 40; sent += 1) {
    await api.tell([toAlice], 'x'.repeat(megabyte))
    await quick.next()
  }
  slow.socket.resume()
  t.same(await slow.closed, { code: 4002, reason: 'slow_consumer' })
  t.ok(got < 30, `${got} of 40 were queued`)
})

t.test('a socket that gets too many frames while it connects is closed with 4002', async t => {
  const gateway = await openGateway(t)
  const api = publisher(t, gateway)
  gateway.backend.interpose('roster', async () => {
    await api.messages([toAlice], 1, 1_001)
    await new Promise(() => {}) // the api never answers
  })
  const client = await gateway.connect(alice)
  t.equal((await client.closed).code, 4002)
})

t.test('nothing is delivered to a socket that is closing', async t => {
  const gateway = await openGateway(t)
  const client = await gateway.connectReady(alice)
  const api = publisher(t, gateway)
  client.socket.close(1000)
  await client.closed
  const next = await gateway.connectReady(alice)
  await api.tell([toAlice], 'for the next')
  t.match(await next.next(), { text: 'for the next' })
})
