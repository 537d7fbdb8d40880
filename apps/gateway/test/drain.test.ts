import fastify from 'fastify'
import t from 'tap'
import { alice, bob, openCluster, openGateway } from './gateway.ts'

t.test('a draining gateway asks its clients to come back, and closes with 4001', async t => {
  const app = fastify({ return503OnClosing: false }) // as the api's server has it
  const gateway = await openGateway(t, { app, settings: { drainMs: 10_000 } })
  const clients = [await gateway.connectReady(alice), await gateway.connectReady(bob)] as const
  const closed = gateway.app.close()
  const [first, second] = clients
  t.match(await first.next(), { type: 'reconnect', after_ms: 2_500, v: 1 })
  t.same(await first.closed, { code: 4001, reason: 'draining' })

  await t.rejects(gateway.connect(alice), /503/, 'nobody new is let in')
  second.say({ type: 'ping' })
  t.match(await second.next(), { type: 'ack' }, 'who was not told yet is still served')
  gateway.timers.advance(1)
  t.match(await second.next(), { type: 'reconnect' })
  t.equal((await second.closed).code, 4001)
  await closed
})

t.test('a draining gateway lets nobody in, whatever the app does about requests while it closes', async t => {
  const gateway = await openGateway(t, { settings: { drainMs: 10_000 } })
  const clients = [await gateway.connectReady(alice), await gateway.connectReady(bob)] as const
  const closed = gateway.app.close()
  await clients[0].closed
  await t.rejects(gateway.connect(alice), /503/)
  gateway.timers.advance(1)
  await closed
})

t.test('many sockets are spread over the time there is', async t => {
  const gateway = await openGateway(t, { settings: { drainMs: 1 } })
  const clients = [await gateway.connectReady(alice), await gateway.connectReady(bob), await gateway.connectReady(bob)]
  const closed = gateway.app.close()
  await clients[0]?.closed
  gateway.timers.advance(1)
  for (const client of clients) t.equal((await client.closed).code, 4001)
  await closed
})

t.test('a client that does not go is cut, so that draining ends', async t => {
  const gateway = await openGateway(t, { settings: { closeTimeoutMs: 1_000 } })
  const [stuck, other] = [await gateway.connectReady(alice), await gateway.connectReady(bob)]
  stuck.socket.pause()
  const closed = gateway.app.close()
  t.equal((await other.closed).code, 4001)
  gateway.timers.advance(1_000)
  await closed
})

t.test('who was on a draining gateway stays online for 30 s', async t => {
  const cluster = openCluster()
  const [going, staying] = [await openGateway(t, { cluster }), await openGateway(t, { cluster })]
  await going.connectReady(alice)
  await going.app.close()

  staying.backend.answers.roster = () => ({ alive: true, rooms: [], contacts: [alice], head: 0 })
  const client = await staying.connect(bob)
  t.match(await client.untilReady(), [{ online_user_ids: [bob, alice] }, {}])
})

t.test('a gateway without sockets closes at once', async t => {
  const gateway = await openGateway(t)
  await gateway.app.close()
})
