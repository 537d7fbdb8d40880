import { conversationStream, type Seq } from '@rendezvous/contract'
import t from 'tap'
import { STREAMS_MAX, sequencer } from '../src/hub/sequencer.ts'
import { emptyRoster } from './fake-backend.ts'
import { alice, bob, nextSeqs, openCluster, openGateway, publisher, talk, toAlice, toBob } from './gateway.ts'
import { manualTimers } from './manual-timers.ts'

t.test('sender and receiver on two gateways, with two devices each, all get the same bytes', async t => {
  const cluster = openCluster()
  const [one, two] = [await openGateway(t, { cluster }), await openGateway(t, { cluster })]
  const devices = [
    await one.connectReady(alice),
    await two.connectReady(alice, { legacy: true }),
    await one.connectReady(bob),
    await two.connectReady(bob)
  ]
  await publisher(t, cluster).messages([toBob, toAlice], 1, 2)
  for (const device of devices) t.same(await nextSeqs(device, 2), [1, 2])
})

t.test(
  'a courtesy for one dialect reaches the sockets of that dialect alone, whether they are ready or not',
  async t => {
    const gateway = await openGateway(t)
    const api = publisher(t, gateway)
    const [ours, legacy] = [await gateway.connectReady(alice), await gateway.connectReady(alice, { legacy: true })]
    const frames = (text: string) => [JSON.stringify({ type: 'told', text }), JSON.stringify({ type: 'told', text })]
    const tell = (dialect: string) =>
      api.publish([toAlice], { header: { kind: 'courtesy', dialect }, frames: frames(dialect) })

    for (const dialect of ['rendezvous.v1', 'legacy', 'of a later version']) await tell(dialect)
    await api.tell([toAlice], 'end')

    for (const text of ['rendezvous.v1', 'rendezvous.v1', 'end']) t.match(await ours.next(), { text })
    for (const text of ['legacy', 'legacy', 'end']) t.match(await legacy.next(), { text })
  }
)

t.test('order is restored between two publishers', async t => {
  const gateway = await openGateway(t)
  const [slow, quick] = [publisher(t, gateway), publisher(t, gateway)]
  const client = await gateway.connectReady(alice)
  await slow.messages([toAlice], 1)

  gateway.wire.faults.hold(slow.name)
  await slow.messages([toAlice], 2, 3)
  await quick.messages([toAlice], 4, 5)
  await quick.tell([toAlice], 'read', 5)
  await quick.tell([toAlice], 'unrelated')
  gateway.wire.faults.release(slow.name)

  t.equal((await client.next()).seq, 1)
  t.equal((await client.next()).text, 'unrelated', 'a courtesy that follows no event does not wait')
  t.same(await nextSeqs(client, 4), [2, 3, 4, 5])
  t.match(await client.next(), { text: 'read' })
})

t.test('an event that does not come in time leaves a visible gap, and is released late', async t => {
  const gateway = await openGateway(t)
  const [slow, quick] = [publisher(t, gateway), publisher(t, gateway)]
  const client = await gateway.connectReady(alice)
  await slow.messages([toAlice], 1)
  gateway.wire.faults.hold(slow.name)
  await slow.messages([toAlice], 2)
  await quick.messages([toAlice], 3)
  await quick.tell([toAlice], 'all are here')

  t.same(await nextSeqs(client, 1), [1])
  await client.nextOf('told')
  gateway.timers.advance(500)
  t.same(await nextSeqs(client, 1), [3])
  gateway.wire.faults.release(slow.name)
  t.same(await nextSeqs(client, 1), [2])
})

t.test('an event that is published twice arrives once', async t => {
  const gateway = await openGateway(t)
  const api = publisher(t, gateway)
  const client = await gateway.connectReady(alice)
  await api.messages([toAlice], 1, 2)
  await api.messages([toAlice], 1, 3)
  await api.tell([toAlice], 'end')
  t.same(
    [await client.next(), await client.next(), await client.next()].map(frame => frame.seq),
    [1, 2, 3]
  )
  t.match(await client.next(), { text: 'end' })
})

t.test('after an interruption sockets get a snapshot and resync, spread out, and the order starts again', async t => {
  const gateway = await openGateway(t)
  const api = publisher(t, gateway)
  const client = await gateway.connectReady(alice)
  await api.messages([toAlice], 1)
  gateway.wire.faults.disconnect(gateway.name)
  await api.messages([toAlice], 2, 9)
  gateway.wire.faults.reconnect(gateway.name)
  await api.messages([toAlice], 10)

  t.same(await nextSeqs(client, 2), [1, 10], 'the new event does not wait for lost ones')
  await gateway.connectReady(bob)
  gateway.backend.answers.roster = () => ({ ...emptyRoster, contacts: [bob] })
  gateway.backend.answers.missed = () => [{ conversationId: talk, headSeq: 10 as Seq, receipts: false }]
  gateway.timers.advance(1_500)
  t.match(await client.next(), { type: 'presence_snapshot', online_user_ids: [alice, bob] })
  t.match(await client.next(), { type: 'resync', stream: conversationStream(talk), v: 1 })
})

t.test('a session that ended during an interruption closes its sockets with 4501', async t => {
  const gateway = await openGateway(t)
  const [ended, other] = [await gateway.connectReady(alice), await gateway.connectReady(bob)]
  gateway.backend.answers.roster = ({ userId }) => ({ ...emptyRoster, alive: userId !== alice })
  gateway.backend.answers.missed = () => null
  gateway.wire.faults.disconnect(gateway.name)
  gateway.wire.faults.reconnect(gateway.name)
  await publisher(t, gateway).tell([toBob], 'marker')
  await other.nextOf('told')
  gateway.timers.advance(3_000)

  t.equal((await ended.closed).code, 4501)
  t.match(await other.next(), { type: 'presence_snapshot' })
  t.match(await other.next(), { type: 'resync' })
  other.say({ type: 'ping' })
  t.match(await other.next(), { type: 'ack' }, 'a socket whose session continues stays open')
})

t.test('an interruption of one topic concerns only its sockets', async t => {
  const gateway = await openGateway(t)
  const [b, a] = [await gateway.connectReady(bob), await gateway.connectReady(alice)]
  gateway.backend.answers.missed = () => null
  gateway.wire.faults.disconnect(gateway.name, [toAlice])
  gateway.wire.faults.reconnect(gateway.name)
  await publisher(t, gateway).tell([toBob, toAlice], 'marker')
  await a.nextOf('told')
  gateway.timers.advance(3_000)
  t.equal((await a.next()).type, 'presence_snapshot')
  t.equal((await a.next()).type, 'resync')

  t.equal((await b.next()).type, 'told')
  b.say({ type: 'ping' })
  t.equal((await b.next()).type, 'ack', 'no resync came before it')
})

t.test('events that wait in a stream are released when the stream is evicted', async t => {
  const out: string[] = []
  const order = sequencer<{ epoch: number }, string>({
    timers: manualTimers(),
    streams: 2,
    release: (_, values) => out.push(...values)
  })
  const topic = { epoch: 1 }
  order.events(topic, 'a', 1, ['a1'])
  order.events(topic, 'a', 3, ['a3'])
  order.events(topic, 'b', 1, ['b1'])
  t.same(out, ['a1', 'b1'])
  order.events(topic, 'c', 1, ['c1'])
  t.same(out, ['a1', 'b1', 'a3', 'c1'])
  t.ok(STREAMS_MAX >= 100_000)
})

t.test('streams that began to wait at different moments are each released in time', async t => {
  const timers = manualTimers()
  const out: string[] = []
  const order = sequencer<{ epoch: number }, string>({ timers, release: (_, values) => out.push(...values) })
  const topic = { epoch: 1 }
  for (const stream of ['a', 'b', 'c']) {
    order.events(topic, stream, 1, [`${stream}1`])
    order.events(topic, stream, 3, [`${stream}3`])
    timers.advance(100)
  }
  timers.advance(200)
  t.same(out.slice(3), ['a3'])
  timers.advance(100)
  t.same(out.slice(3), ['a3', 'b3'])
  timers.advance(100)
  t.same(out.slice(3), ['a3', 'b3', 'c3'])
})
