import { setImmediate as turn } from 'node:timers/promises'
import { ClusterError, type Presence } from '@rendezvous/cluster'
import { conversationStream, type Seq, type UserId } from '@rendezvous/contract'
import t from 'tap'
import { batchedBackend } from '../src/backend/batches.ts'
import { emptyRoster, fakeBackend } from './fake-backend.ts'
import { alice, bob, carol, claimsOf, club, headOf, nextSeqs, openGateway, publisher, toAlice } from './gateway.ts'
import { manualTimers } from './manual-timers.ts'
import { deferred } from './one-presence.ts'

t.test('a socket gets the snapshot, then ready', async t => {
  const gateway = await openGateway(t)
  gateway.backend.answers.roster = () => ({ ...emptyRoster, contacts: [bob, carol], head: 5 })
  await gateway.connectReady(bob)

  const client = await gateway.connect(alice)
  const [snapshot, ready, ...rest] = await client.untilReady()
  t.match(snapshot, { type: 'presence_snapshot', online_user_ids: [alice, bob], v: 1 })
  t.match(ready, {
    type: 'ready',
    user_id: alice,
    session_id: 'session-of-1',
    dialect: 'rendezvous.v1',
    heartbeat_ms: 25_000,
    head: 5,
    at: '2026-01-31T00:00:00.000000Z'
  })
  t.same(rest, [])
})

t.test('frames published while the socket connects come after ready, in order', async t => {
  const gateway = await openGateway(t)
  const api = publisher(t, gateway)
  gateway.backend.interpose('roster', async () => {
    await api.messages([toAlice], 1, 3)
    await api.tell([toAlice], 'waited')
  })

  const client = await gateway.connect(alice)
  await client.untilReady()
  t.same(await nextSeqs(client, 3), [1, 2, 3])
  t.match(await client.next(), { type: 'told', text: 'waited' })
})

t.test('a socket hears the rooms of its roster', async t => {
  const gateway = await openGateway(t)
  gateway.backend.answers.roster = () => ({ ...emptyRoster, rooms: [headOf(club, 1)] })

  const client = await gateway.connectReady(alice)
  await publisher(t, gateway).said(2, { membersSeq: 1 })
  t.match(await client.next(), { type: 'message_created', seq: 2 })
})

t.test('a socket whose topic is interrupted while it connects resyncs, and enters its rooms', async t => {
  const gateway = await openGateway(t)
  const api = publisher(t, gateway)
  gateway.backend.answers.missed = () => [{ conversationId: club, headSeq: 2 as Seq, receipts: false }]
  gateway.backend.interpose('roster', async () => {
    gateway.wire.faults.disconnect(gateway.name, [toAlice])
    await api.membersChanged('member_joined', 2, [alice])
    gateway.wire.faults.reconnect(gateway.name)
    await turn()
    gateway.backend.interpose('roster', async () => {
      gateway.backend.answers.roster = () => ({ ...emptyRoster, rooms: [headOf(club, 2)] })
    })
  })

  const client = await gateway.connectReady(alice)
  gateway.timers.advance(3_000)
  t.match(await client.next(), { type: 'presence_snapshot' })
  t.match(await client.next(), { type: 'resync', stream: conversationStream(club) })
  await api.said(3, { membersSeq: 2 })
  t.match(await client.next(), { type: 'message_created', seq: 3 })
})

t.test('a command sent before ready is answered after it', async t => {
  const gateway = await openGateway(t)
  const { promise, resolve } = deferred()
  gateway.backend.interpose('roster', () => promise)

  const client = await gateway.connect(alice)
  client.say({ type: 'ping', ref: 'early' })
  resolve()
  t.same(
    (await client.untilReady()).map(frame => frame.type),
    ['presence_snapshot', 'ready']
  )
  t.match(await client.next(), { type: 'ack', ref: 'early' })
})

t.test('a session that ended while the socket connected closes it with 4501', async t => {
  const gateway = await openGateway(t)
  gateway.backend.answers.roster = () => ({ ...emptyRoster, alive: false })
  const client = await gateway.connect(alice)
  t.same(await client.closed, { code: 4501, reason: 'session_ended' })
})

t.test('a socket closes with 4005', async t => {
  await t.test('when the api cannot be reached', async t => {
    const gateway = await openGateway(t)
    gateway.backend.interpose('roster', () => Promise.reject(new Error('no api')))
    const client = await gateway.connect(alice)
    t.same(await client.closed, { code: 4005, reason: 'unavailable' })
  })

  await t.test('when the bus cannot be reached', async t => {
    const gateway = await openGateway(t)
    gateway.wire.faults.disconnect(gateway.name)
    const client = await gateway.connect(alice)
    t.equal((await client.closed).code, 4005)

    gateway.wire.faults.reconnect(gateway.name)
    await gateway.connectReady(alice)
    t.pass('the next one opens')
  })

  await t.test('when connecting takes too long', async t => {
    const gateway = await openGateway(t)
    const { promise, resolve } = deferred()
    gateway.backend.interpose('roster', () => promise)
    const client = await gateway.connect(alice)
    await gateway.backend.whenAsked('roster', 1)
    gateway.timers.advance(10_000)
    t.equal((await client.closed).code, 4005)
    resolve()
  })
})

t.test('calls of many sockets to the api are sent together', async t => {
  const timers = manualTimers()
  const backend = fakeBackend()
  const batched = batchedBackend(backend, timers, 3)
  const rosters = Array.from({ length: 60 }, (_, index) => batched.roster(claimsOf((index + 1) as UserId, 0)))
  await turn()
  timers.advance(3)
  await Promise.all(rosters)
  t.same(
    backend.calls.map(call => call.entries.length),
    [50, 10]
  )
})

t.test('a socket works without presence', async t => {
  const unreachable = () => Promise.reject(new ClusterError('unreachable', 'no presence'))
  const presence: Presence = {
    renew: unreachable,
    arrive: unreachable,
    depart: unreachable,
    reap: unreachable,
    acknowledge: unreachable,
    online: unreachable,
    everybody: unreachable,
    declare: unreachable
  }
  const gateway = await openGateway(t, { presence })
  gateway.backend.answers.roster = () => ({ ...emptyRoster, contacts: [bob] })

  const client = await gateway.connect(alice)
  t.match(await client.untilReady(), [{ online_user_ids: [alice] }, { type: 'ready' }])
  gateway.timers.advance(5_000)
  client.say({ type: 'ping', ref: 1 })
  t.match(await client.next(), { type: 'ack', ref: 1 })
})
