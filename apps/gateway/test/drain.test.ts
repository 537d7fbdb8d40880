import { setImmediate as turn } from 'node:timers/promises'
import type { UserId } from '@rendezvous/contract'
import fastify from 'fastify'
import t from 'tap'
import { alice, bob, carol, openCluster, openGateway } from './gateway.ts'

t.test('a draining gateway asks its clients to reconnect, and closes with 4001', async t => {
  const app = fastify({ return503OnClosing: false }) // as in the api's server
  const gateway = await openGateway(t, { app, settings: { drainMs: 10_000 } })
  const clients = [await gateway.connectReady(alice), await gateway.connectReady(bob)] as const
  const closed = gateway.app.close()
  const [first, second] = clients
  t.match(await first.next(), { type: 'reconnect', after_ms: 2_500, v: 1 })
  t.same(await first.closed, { code: 4001, reason: 'draining' })

  await t.rejects(gateway.connect(alice), /503/, 'no new socket opens')
  second.say({ type: 'ping' })
  t.match(await second.next(), { type: 'ack' }, 'a socket that is not closed yet is still served')
  gateway.timers.advance(1)
  t.match(await second.next(), { type: 'reconnect' })
  t.equal((await second.closed).code, 4001)
  await closed
})

t.test('a draining gateway opens no socket, also in an app that serves requests while it closes', async t => {
  const gateway = await openGateway(t, { settings: { drainMs: 10_000 } })
  const clients = [await gateway.connectReady(alice), await gateway.connectReady(bob)] as const
  const closed = gateway.app.close()
  await clients[0].closed
  await t.rejects(gateway.connect(alice), /503/)
  gateway.timers.advance(1)
  await closed
})

t.test('many sockets are closed within the drain time', async t => {
  const gateway = await openGateway(t, { settings: { drainMs: 1 } })
  const clients = [await gateway.connectReady(alice), await gateway.connectReady(bob), await gateway.connectReady(bob)]
  const closed = gateway.app.close()
  await clients[0]?.closed
  gateway.timers.advance(1)
  for (const client of clients) t.equal((await client.closed).code, 4001)
  await closed
})

t.test('a client that does not close is cut, so that draining ends', async t => {
  const gateway = await openGateway(t, { settings: { closeTimeoutMs: 1_000 } })
  const [stuck, other] = [await gateway.connectReady(alice), await gateway.connectReady(bob)]
  stuck.socket.pause()
  const closed = gateway.app.close()
  t.equal((await other.closed).code, 4001)
  gateway.timers.advance(1_000)
  await closed
})

t.test('users of a drained gateway stay online during the drain grace, and not longer', async t => {
  const cluster = openCluster()
  const [drained, other] = [await openGateway(t, { cluster }), await openGateway(t, { cluster })]
  await drained.connectReady(alice)
  await drained.app.close()

  other.backend.answers.roster = () => ({ alive: true, rooms: [], contacts: [alice], head: 0 })
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second += 1) {
      cluster.timers.advance(1_000)
      for (let turns = 0; turns < 5; turns += 1) await turn()
    }
  }
  const onlineFor = async (userId: UserId) =>
    (await (await other.connect(userId)).untilReady()).find(({ type }) => type === 'presence_snapshot')?.online_user_ids
  await pass(29)
  t.same(await onlineFor(bob), [bob, alice])
  await pass(3)
  t.same(await onlineFor(carol), [carol])
  const changes = other.backend.asked('presenceChanged').filter(({ userId }) => userId === alice)
  t.same(
    changes.map(({ online }) => online),
    [false]
  )
})

t.test('a gateway without sockets closes at once', async t => {
  const gateway = await openGateway(t)
  await gateway.app.close()
})
