import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { ClusterError } from '@rendezvous/cluster'
import type { UserId } from '@rendezvous/contract'
import t from 'tap'
import { alice, bob, openCluster, openGateway } from './gateway.ts'
import { deferred, openPresence } from './one-presence.ts'

t.test('the first socket of a user brings them online, the last one takes them offline after the grace', async t => {
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

t.test('a user who comes back within the grace stays online', async t => {
  const { local, pass, told } = openPresence(t)
  await local.enter(alice)
  local.leave(alice)
  await pass(2)
  await local.enter(alice)
  await pass(10)
  t.same(told(), ['1 on'])
})

t.test('more users than one question may name take several questions', async t => {
  const { local, presence } = openPresence(t)
  await presence.arrive(alice)
  await presence.arrive(bob)
  const strangers = Array.from({ length: 1_200 }, (_, n) => (n + 100) as UserId)
  t.same(await local.online([alice, ...strangers, bob]), [alice, bob])
})

t.test('changes that the cluster could not be told are told when it is back', async t => {
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
  t.same(told().sort(), ['1 on', '2 on'], 'the api drops a report of a user who is not online')
  t.same(await local.online([alice, bob]), [alice])
})

t.test('changes that the api refused are reported again, the newest of each user', async t => {
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

t.test('with an api that does not answer this gateway keeps its lease and its users online', async t => {
  const { local, pass, backend, presence, other } = openPresence(t)
  const { promise, resolve } = deferred()
  backend.interpose('presenceChanged', () => promise)
  t.teardown(resolve)
  await local.enter(alice)
  await pass(60)
  t.same((await other.reap()).userIds, [])
  t.same(await presence.online([alice]), [alice])
})

t.test('a gateway whose lease was lost brings its users back online', async t => {
  const { local, pass, told, timers, other } = openPresence(t)
  await local.enter(alice)
  timers.advance(60_000)
  await other.reap()
  await pass(2)
  t.same(told().at(-1), '1 on')
  t.same(await local.online([alice]), [alice])
})

t.test('a lost lease whose answer did not arrive leaves no user offline', async t => {
  let isLost = false
  const { local, pass, told, timers, other } = openPresence(t, presence => ({
    async renew() {
      const answer = await presence.renew()
      if (!answer.lost) return answer
      isLost = true
      throw new ClusterError('unreachable', 'no answer')
    }
  }))
  await local.enter(alice)
  timers.advance(60_000)
  await other.acknowledge(await other.reap())
  await pass(4)
  t.ok(isLost)
  t.same(told(), ['1 on', '1 on'])
  t.same(await local.online([alice]), [alice])
})

t.test('a user here whom the cluster takes for gone comes back online', async t => {
  const { local, presence, pass, told } = openPresence(t)
  await local.enter(alice)
  await pass(1)
  await presence.depart([alice], 0)
  await pass(3)
  t.same(await local.online([alice]), [alice])
  t.same(told(), ['1 on', '1 on'])
})

t.test('a user who came online by a call without an answer is reported online', async t => {
  const lost: UserId[] = []
  const { local, pass, told } = openPresence(t, presence => ({
    async arrive(userId) {
      const answer = await presence.arrive(userId)
      if (lost.includes(userId)) return answer
      lost.push(userId)
      throw new ClusterError('unreachable', 'no answer')
    }
  }))
  await local.enter(alice)
  await local.enter(bob)
  local.leave(bob)
  await pass(2)
  t.same(lost, [alice, bob])
  t.same(told().sort(), ['1 on', '2 on'], 'also one who left since and is in their grace')
})

t.test('after a drain no user arrives or departs here any more', async t => {
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

t.test('a user who leaves before the cluster took their arrival does not stay online', async t => {
  const { promise, resolve } = deferred()
  const { local, presence, pass, told } = openPresence(t, presence => ({
    async arrive(userId) {
      await promise
      return presence.arrive(userId)
    }
  }))
  const entered = local.enter(alice)
  local.leave(alice)
  await pass(1)
  resolve()
  await entered
  await pass(5)
  t.same(await presence.online([alice]), [])
  t.same(told(), ['1 on', '1 off'])
})

t.test('a user who comes back before the cluster took their departure stays online', async t => {
  const { promise, resolve } = deferred()
  const { local, presence, pass, told } = openPresence(t, presence => ({
    async depart(userIds, graceMs) {
      await promise
      return presence.depart(userIds, graceMs)
    }
  }))
  await local.enter(alice)
  local.leave(alice)
  const entered = local.enter(alice)
  await pass(1)
  resolve()
  await entered
  await pass(10)
  t.same(await presence.online([alice]), [alice])
  t.same(told(), ['1 on'])
})

t.test('a user whose arrival the cluster takes while this node drains departs as well', async t => {
  const { promise, resolve } = deferred()
  const { local, presence, pass } = openPresence(t, presence => ({
    async arrive(userId) {
      await promise
      return presence.arrive(userId)
    }
  }))
  const entered = local.enter(alice)
  const drained = local.drain()
  await pass(1)
  resolve()
  await Promise.all([entered, drained])
  await pass(31)
  t.same(await presence.online([alice]), [])
})

t.test('users who could not depart at a drain depart when the cluster is back', async t => {
  const { local, presence, pass, wire, logged } = openPresence(t)
  await local.enter(alice)
  wire.goDown()
  await local.drain()
  t.same(logged, ['presence could not be drained; retrying'])
  wire.comeUp()
  await pass(32)
  t.same(await presence.online([alice]), [])
})

t.test('a user with sockets on two gateways goes offline when the last one closes', async t => {
  const cluster = openCluster()
  const gateways = [await openGateway(t, { cluster }), await openGateway(t, { cluster })] as const
  const connections = gateways.map(({ app }) => once(app.server, 'connection'))
  const clients = [await gateways[0].connectReady(alice), await gateways[1].connectReady(alice)]
  const told = () => gateways.flatMap(({ backend }) => backend.asked('presenceChanged').map(({ online }) => online))
  const closeAndPass = async (index: 0 | 1) => {
    const [tcp] = (await connections[index]) ?? []
    const gone = once(tcp, 'close')
    clients[index]?.socket.close()
    await gone
    for (let second = 0; second < 10; second += 1) {
      cluster.timers.advance(1_000)
      for (let turns = 0; turns < 5; turns += 1) await turn()
    }
  }
  await gateways[0].backend.whenAsked('presenceChanged', 1)

  await closeAndPass(0)
  t.same(told(), [true], 'still online on the other gateway')
  await closeAndPass(1)
  t.same(told().sort(), [false, true])
})
