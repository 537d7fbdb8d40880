import { setImmediate as turn } from 'node:timers/promises'
import type { ConversationId, UserId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import type { Bus } from '../src/bus.ts'
import type { Envelope } from '../src/envelope.ts'
import { memoryBus } from '../src/memory/bus.ts'
import { type Bounds, memoryWire } from '../src/memory/wire.ts'
import { roomTopic, userTopic } from '../src/topics.ts'
import { type BusNode, busSuite, type MakeBusNodes } from './suites/bus.ts'
import { recorder } from './suites/recorder.ts'

const alice = userTopic(1 as UserId)
const room = roomTopic(7 as ConversationId)
const clock = () => 0
const envelopeOf = (text: string): Envelope => ({ header: { kind: 'courtesy' }, frames: [JSON.stringify({ text })] })
const publish = (bus: Bus, text: string, topic = alice) =>
  bus.publish([{ topics: [topic], envelope: envelopeOf(text) }])

const makeNodes: MakeBusNodes = async (t, listeners) => {
  let now = 0
  const wire = memoryWire({ clock, elapsed: () => now })
  const open = (node: string, listener: (typeof listeners)[number]): BusNode => {
    const bus = memoryBus(wire, listener, { node })
    t.teardown(() => bus.close())
    return {
      bus,
      disconnect: async () => wire.faults.disconnect(node),
      reconnect: async () => wire.faults.reconnect(node)
    }
  }
  return {
    nodes: [open('here', listeners[0]), open('there', listeners[1])],
    inject: async (topic, bytes) => wire.faults.inject(topic, bytes),
    advance: ms => {
      now += ms
    }
  }
}

/** Two publishers, and a subscriber of `alice` and of a room. */
async function openThree(t: Test, bounds: Partial<Bounds> = {}, elapsed = clock) {
  const wire = memoryWire({ clock, elapsed, bounds })
  const subscriber = recorder()
  const unused = recorder()
  const subscriberBus = memoryBus(wire, subscriber, { node: 'listener' })
  const one = memoryBus(wire, unused, { node: 'one' })
  const other = memoryBus(wire, unused, { node: 'other' })
  t.teardown(() => Promise.all([subscriberBus.close(), one.close(), other.close()]))
  await subscriberBus.subscribe([alice, room])
  return { wire, subscriber, subscriberBus, one, other }
}

t.test('the memory bus passes the suite of every bus', t => busSuite(t, makeNodes))

t.test('messages of a held publisher are overtaken, and arrive in order when released', async t => {
  const { wire, subscriber, one, other } = await openThree(t)
  wire.faults.hold('one')
  await publish(one, '1')
  await publish(one, '2')
  await publish(other, '3')
  t.same(await subscriber.next(), { topic: alice, envelope: envelopeOf('3') })
  wire.faults.release('one')
  await publish(one, '4')
  for (const text of ['1', '2', '4']) t.same(await subscriber.next(), { topic: alice, envelope: envelopeOf(text) })
})

t.test('a node can be disconnected from some topics only', async t => {
  const { wire, subscriber, one } = await openThree(t)
  wire.faults.disconnect('listener', [alice])
  await publish(one, 'lost')
  await publish(one, 'received', room)
  t.same(await subscriber.next(), { topic: room, envelope: envelopeOf('received') })
  wire.faults.reconnect('listener')
  t.same(await subscriber.next(), { interrupted: [alice] })
})

t.test('messages on their way when a node is disconnected or closed are lost', async t => {
  const { wire, subscriber, subscriberBus, one } = await openThree(t)
  const cut = publish(one, 'lost')
  wire.faults.disconnect('listener')
  await cut
  wire.faults.reconnect('listener')
  t.same(await subscriber.next(), { interrupted: 'all' })
  const closing = publish(one, 'lost')
  await subscriberBus.close()
  await closing
  await turn()
  t.same(subscriber.unread, [])
})

t.test('a node whose inbox overflows loses its content and is told so', async t => {
  const { subscriber, one } = await openThree(t, { inbox: 10 })
  await Promise.all(Array.from({ length: 11 }, (_, n) => publish(one, `${n}`)))
  t.same(await subscriber.next(), { interrupted: 'all' })
  await publish(one, 'after')
  t.same(await subscriber.next(), { topic: alice, envelope: envelopeOf('after') })
})

t.test('an interruption says how long ago the first lost message was sent', async t => {
  let now = 0
  const { wire, subscriber, one } = await openThree(t, { inbox: 2 }, () => now)
  const lost = async (deafMs: number, text: string) => {
    t.same(await subscriber.next(), { interrupted: text === 'unreadable' ? [alice] : 'all' })
    t.equal(subscriber.losses.at(-1), deafMs, text)
  }
  const onItsWay = publish(one, 'on its way')
  now = 10
  wire.faults.disconnect('listener')
  await onItsWay
  now = 30
  wire.faults.disconnect('listener')
  wire.faults.reconnect('listener')
  now = 40
  await lost(40, 'disconnected')

  const first = publish(one, 'waits')
  now = 50
  await Promise.all([first, publish(one, 'waits too'), publish(one, 'one too many')])
  await lost(10, 'overrun')

  wire.faults.inject(alice, Buffer.from('?'))
  now = 55
  await lost(5, 'unreadable')
})

t.test('while the whole cluster is down every call rejects, and afterwards every bus is told', async t => {
  const { wire, subscriber, subscriberBus, one } = await openThree(t)
  wire.goDown()
  await t.rejects(publish(one, 'x'), { code: 'unreachable' })
  await t.rejects(subscriberBus.subscribe([alice]), { code: 'unreachable' })
  t.throws(() => wire.reach(), { code: 'unreachable' })
  wire.comeUp()
  t.same(await subscriber.next(), { interrupted: 'all' })
  await publish(one, 'after')
  t.same(await subscriber.next(), { topic: alice, envelope: envelopeOf('after') })
})

t.test('a bus that is opened while the cluster is down works when it is back', async t => {
  const wire = memoryWire({ clock })
  wire.goDown()
  const subscriber = recorder()
  const bus = memoryBus(wire, subscriber)
  await t.rejects(bus.subscribe([alice]), { code: 'unreachable' })
  wire.comeUp()
  t.same(await subscriber.next(), { interrupted: 'all' })
  await t.resolves(bus.subscribe([alice]))
})

t.test('a thousand messages do not block the event loop', async t => {
  const { subscriber, one } = await openThree(t)
  const published = Array.from({ length: 1_000 }, (_, n) => publish(one, `${n}`))
  await turn()
  t.ok(subscriber.unread.length < 1_000, 'other work ran in between')
  await Promise.all(published)
  for (let n = 0; n < 1_000; n++) await subscriber.next()
})

t.test('names of nodes are unique, and can be used again after close', async t => {
  const wire = memoryWire({ clock })
  const bus = memoryBus(wire, recorder(), { node: 'one' })
  t.throws(() => memoryBus(wire, recorder(), { node: 'one' }), TypeError)
  await bus.close()
  t.doesNotThrow(() => memoryBus(wire, recorder(), { node: 'one' }))
  t.throws(() => wire.faults.disconnect('nobody'), TypeError)
})
