import type { UserId } from '@rendezvous/contract'
import t from 'tap'
import { alice } from './gateway.ts'
import { deferred, openPresence } from './one-presence.ts'

t.test('users who stay online are reported as seen every five minutes, spread over them', async t => {
  const { local, pass, backend, timers } = openPresence(t)
  const start = timers.now()
  const users = Array.from({ length: 600 }, (_, n) => (n + 1) as UserId)
  for (const userId of users) await local.enter(userId)
  await pass(300)
  const reports = backend.asked('seen')
  t.same(
    reports.flatMap(({ userIds }) => userIds),
    users
  )
  t.same([...new Set(reports.map(({ userIds }) => userIds.length))], [2], 'two of six hundred each second')
  t.same([reports[0]?.at, reports.at(-1)?.at], [start + 1_000, start + 300_000])
})

t.test('a single user is reported as seen every five minutes, until they leave', async t => {
  const { local, pass, backend, timers } = openPresence(t)
  const start = timers.now()
  await local.enter(alice)
  await pass(950)
  const at = [301, 601, 901].map(second => start + second * 1_000)
  t.same(
    backend.asked('seen'),
    at.map(moment => ({ userIds: [alice], at: moment }))
  )
  local.leave(alice)
  await pass(600)
  t.equal(backend.asked('seen').length, at.length)
})

t.test('users who stay connected have their turn while others reconnect all the time', async t => {
  const { local, pass, backend } = openPresence(t)
  const users = Array.from({ length: 600 }, (_, n) => (n + 1) as UserId)
  const [staying, changing] = [users.slice(0, 300), users.slice(300)]
  for (const userId of users) await local.enter(userId)
  for (let second = 0; second < 600; second += 1) {
    for (const userId of changing.slice((second * 5) % 300, ((second * 5) % 300) + 5)) {
      local.leave(userId)
      await local.enter(userId)
    }
    await pass(1)
  }
  const turns = backend.asked('seen').flatMap(({ userIds }) => userIds)
  t.same(
    staying.filter(userId => turns.filter(turn => turn === userId).length < 2),
    [],
    'two turns in ten minutes'
  )
})

t.test('a slow api gets one report of users seen at a time', async t => {
  const { local, pass, backend } = openPresence(t)
  const { promise, resolve } = deferred()
  backend.interpose('seen', () => promise)
  await local.enter(alice)
  await pass(1_000)
  t.equal(backend.asked('seen').length, 1)
  resolve()
  await pass(2)
  t.equal(backend.asked('seen').length, 2)
})

t.test('all users here are reported as seen when this node drains, a thousand at a time, before it stops', async t => {
  const { local, pass, backend, timers } = openPresence(t)
  const users = Array.from({ length: 1_200 }, (_, n) => (n + 1) as UserId)
  for (const userId of users) await local.enter(userId)
  await pass(1)
  backend.calls.length = 0
  const { promise, resolve } = deferred()
  backend.interpose('seen', () => promise)
  await local.drain()
  for (const userId of users) local.leave(userId)
  const stopped = local.stop()
  resolve()
  await stopped
  const reports = backend.asked('seen')
  t.same(
    reports.map(({ userIds, at }) => [userIds.length, at]),
    [
      [1_000, timers.now()],
      [200, timers.now()]
    ]
  )
  t.same(
    reports.flatMap(({ userIds }) => userIds),
    users
  )
})
