import { ClusterError } from '@rendezvous/cluster'
import t from 'tap'
import { alice, bob, carol } from './gateway.ts'
import { deferred, openPresence } from './one-presence.ts'

t.test('a user who could not be reported offline is reaped by another gateway when this one dies', async t => {
  const { local, pass, backend, other, timers } = openPresence(t)
  await local.enter(alice)
  await pass(1)
  backend.interpose('presenceChanged', () => Promise.reject(new Error('no api')))
  local.leave(alice)
  await pass(5)
  await local.stop()
  timers.advance(10_000)
  t.same((await other.reap()).userIds, [alice])
})

t.test('a departure is reported with its own time, however long the api was away', async t => {
  const { local, pass, told, backend, timers } = openPresence(t)
  await local.enter(alice)
  await pass(1)
  const leftAt = timers.now()
  backend.interpose('presenceChanged', () => Promise.reject(new Error('no api')))
  local.leave(alice)
  await pass(60)
  backend.calls.length = 0
  backend.interpose('presenceChanged', async () => {})
  await pass(1)
  t.same(told(), ['1 off'])
  t.equal(backend.asked('presenceChanged')[0]?.at, leftAt)
})

t.test('a gateway whose api does not answer leaves further users to other gateways', async t => {
  const { local, pass, told, backend, other } = openPresence(t)
  for (const userId of [alice, bob]) await local.enter(userId)
  await pass(1)
  const { promise, resolve } = deferred()
  backend.interpose('presenceChanged', () => promise)
  local.leave(alice)
  await pass(5)
  local.leave(bob)
  await pass(5)
  t.same((await other.reap()).userIds, [bob])

  resolve()
  await pass(1)
  await local.enter(carol)
  local.leave(carol)
  await pass(5)
  t.same(told().at(-1), '3 off')
})

t.test('a user who was reported offline is not reaped again', async t => {
  const { local, pass, told, other } = openPresence(t)
  await local.enter(alice)
  local.leave(alice)
  await pass(5)
  t.same(told(), ['1 on', '1 off'])
  await pass(60)
  t.same((await other.reap()).userIds, [])
  t.same(told(), ['1 on', '1 off'])
})

t.test('a user whose claim was not acknowledged is reported offline once more', async t => {
  let failing = true
  const { local, pass, told, logged } = openPresence(t, presence => ({
    async acknowledge(reaped) {
      if (failing) throw new ClusterError('unreachable', 'no presence')
      await presence.acknowledge(reaped)
    }
  }))
  await local.enter(alice)
  local.leave(alice)
  await pass(5)
  t.same(logged, ['a presence claim could not be acknowledged; users may be reported offline again'])
  failing = false
  await pass(30)
  t.same(told(), ['1 on', '1 off', '1 off'])
})

t.test('a user who comes back while they are being reaped is not reported offline', async t => {
  const { local, pass, told } = openPresence(t, presence => ({
    async reap() {
      const reaped = await presence.reap()
      for (const userId of reaped.userIds) await local.enter(userId)
      return reaped
    }
  }))
  await local.enter(alice)
  await pass(1)
  local.leave(alice)
  await pass(10)
  t.same(told(), ['1 on', '1 on'])
  t.same(await local.online([alice]), [alice])
})
