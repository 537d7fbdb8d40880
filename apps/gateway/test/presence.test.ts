import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { memoryPresence, type Presence } from '@rendezvous/cluster'
import type { UserId } from '@rendezvous/contract'
import t from 'tap'
import { localPresence } from '../src/presence.ts'
import { fakeBackend } from './fake-backend.ts'
import { alice, bob, openCluster, openGateway } from './gateway.ts'

/** Presence of one gateway over a memory cluster, apart from any socket. */
function openPresence(t: { teardown(run: () => Promise<void>): void }, faults: Partial<Presence> = {}) {
  const cluster = openCluster()
  const backend = fakeBackend()
  const presence = { ...memoryPresence(cluster.wire, { gatewayId: 'one', leaseMs: 10_000 }), ...faults }
  const logged: string[] = []
  const local = localPresence({
    presence,
    backend,
    timers: cluster.timers,
    graceMs: 3_000,
    drainGraceMs: 30_000,
    reportDelayMs: 0,
    log: (_, what) => logged.push(what)
  })
  t.teardown(() => local.stop())
  /** Lets seconds pass, each with its round. */
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second += 1) {
      cluster.timers.advance(1_000)
      for (let turns = 0; turns < 5; turns += 1) await turn()
    }
  }
  const told = () => backend.asked('presenceChanged').map(({ userId, online }) => `${userId} ${online ? 'on' : 'off'}`)
  return { ...cluster, backend, presence, local, logged, pass, told }
}

t.test('the first socket of a person brings him online, the last one takes him offline after the grace', async t => {
  const { local, pass, told, timers, backend } = openPresence(t)
  const start = timers.now()
  await local.enter(alice)
  await local.enter(alice)
  await pass(1)
  local.leave(alice)
  await pass(5)
  t.same(told(), ['1 on'])
  t.same(await local.online([bob, alice]), [alice])

  local.leave(alice)
  await pass(2)
  t.same(told(), ['1 on'], 'the grace is not over')
  await pass(2)
  t.same(told(), ['1 on', '1 off'])
  t.same(backend.asked('presenceChanged')[0], { userId: alice, online: true, at: start })
})

t.test('who comes back within the grace was never away', async t => {
  const { local, pass, told } = openPresence(t)
  await local.enter(alice)
  local.leave(alice)
  await pass(2)
  await local.enter(alice)
  await pass(10)
  t.same(told(), ['1 on'])
})

t.test('more people than one question may name are asked about in several', async t => {
  const { local, presence } = openPresence(t)
  await presence.arrive(alice)
  await presence.arrive(bob)
  const strangers = Array.from({ length: 1_200 }, (_, n) => (n + 100) as UserId)
  t.same(await local.online([alice, ...strangers, bob]), [alice, bob])
})

t.test('what could not be told is told when the cluster is back', async t => {
  const { local, pass, told, wire, logged } = openPresence(t)
  wire.goDown()
  await local.enter(alice)
  await local.enter(bob)
  local.leave(bob)
  await pass(3)
  t.same(told(), [])
  t.ok(logged.length > 0)

  wire.comeUp()
  await pass(2)
  t.same(told(), ['1 on'])
})

t.test('what the api did not take is reported again, the newest of each person', async t => {
  const { local, pass, told, backend } = openPresence(t)
  backend.interpose('presenceChanged', () => Promise.reject(new Error('no api')))
  await local.enter(alice)
  await local.enter(bob)
  local.leave(bob)
  await pass(6)
  backend.calls.length = 0
  backend.interpose('presenceChanged', async () => {})
  await pass(1)
  t.same(told().sort(), ['1 on', '2 off'])
})

t.test('an api that does not answer costs this gateway neither its lease nor its people', async t => {
  const { local, pass, backend, presence, wire } = openPresence(t)
  let answer = () => {}
  const answered = new Promise<void>(resolve => {
    answer = resolve
  })
  backend.interpose('presenceChanged', () => answered)
  t.teardown(() => answer())
  await local.enter(alice)
  await pass(60)
  t.same(await memoryPresence(wire, { gatewayId: 'two', leaseMs: 10_000 }).reap(), [])
  t.same(await presence.online([alice]), [alice])
})

t.test('people of a gateway that the cluster gave up are brought back by it', async t => {
  const { local, pass, told, timers, wire } = openPresence(t)
  await local.enter(alice)
  const other = memoryPresence(wire, { gatewayId: 'two', leaseMs: 10_000 })
  timers.advance(60_000)
  await other.reap()
  await pass(2)
  t.same(told().at(-1), '1 on')
  t.same(await local.online([alice]), [alice])
})

t.test('after a drain nobody arrives or departs here any more', async t => {
  const { local, presence, pass, told, wire, timers } = openPresence(t)
  await local.enter(alice)
  await pass(1)
  await local.drain()
  local.leave(alice)
  await local.enter(bob)
  await pass(20)
  t.same(await presence.online([alice, bob]), [alice])
  await pass(20)
  t.same(told(), ['1 on', '1 off'])
  t.ok(wire.clock() === timers.now())
})

t.test('sockets bring people online and offline over two gateways', async t => {
  const cluster = openCluster()
  const [one, two] = [await openGateway(t, { cluster }), await openGateway(t, { cluster })]
  const connection = once(one.app.server, 'connection')
  const [first] = [await one.connectReady(alice), await two.connectReady(alice)]
  t.match(await one.backend.whenAsked('presenceChanged', 1), [{ userId: alice, online: true }])

  const [tcp] = await connection
  const gone = once(tcp, 'close')
  first.socket.close()
  await gone
  for (let second = 0; second < 10; second += 1) {
    cluster.timers.advance(1_000)
    await turn()
  }
  t.same(
    [...one.backend.asked('presenceChanged'), ...two.backend.asked('presenceChanged')].length,
    1,
    'still on the other'
  )
})
