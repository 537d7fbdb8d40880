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
const told = (text: string): Envelope => ({ header: { kind: 'courtesy' }, frames: [JSON.stringify({ text })] })
const tell = (bus: Bus, text: string, topic = alice) => bus.publish([{ topics: [topic], envelope: told(text) }])

const makeNodes: MakeBusNodes = async (t, listeners) => {
  let now = 0
  const wire = memoryWire({ clock, elapsed: () => now })
  const open = (node: string, listener: (typeof listeners)[number]): BusNode => {
    const bus = memoryBus(wire, listener, { node })
    t.teardown(() => bus.close())
    return { bus, cutOff: async () => wire.faults.disconnect(node), restore: async () => wire.faults.reconnect(node) }
  }
  return {
    nodes: [open('here', listeners[0]), open('there', listeners[1])],
    inject: async (topic, bytes) => wire.faults.inject(topic, bytes),
    pass: ms => {
      now += ms
    }
  }
}

/** Two publishers and one who listens to `alice` and to a room. */
async function openThree(t: Test, bounds: Partial<Bounds> = {}, elapsed = clock) {
  const wire = memoryWire({ clock, elapsed, bounds })
  const ear = recorder()
  const deaf = recorder()
  const listening = memoryBus(wire, ear, { node: 'listener' })
  const one = memoryBus(wire, deaf, { node: 'one' })
  const other = memoryBus(wire, deaf, { node: 'other' })
  t.teardown(() => Promise.all([listening.close(), one.close(), other.close()]))
  await listening.subscribe([alice, room])
  return { wire, ear, listening, one, other }
}

t.test('the memory bus keeps the promises of every bus', t => busSuite(t, makeNodes))

t.test('what a held publisher published is overtaken, and comes in order when released', async t => {
  const { wire, ear, one, other } = await openThree(t)
  wire.faults.hold('one')
  await tell(one, '1')
  await tell(one, '2')
  await tell(other, '3')
  t.same(await ear.next(), { topic: alice, envelope: told('3') })
  wire.faults.release('one')
  await tell(one, '4')
  for (const text of ['1', '2', '4']) t.same(await ear.next(), { topic: alice, envelope: told(text) })
})

t.test('a node can be cut off from some topics only', async t => {
  const { wire, ear, one } = await openThree(t)
  wire.faults.disconnect('listener', [alice])
  await tell(one, 'lost')
  await tell(one, 'heard', room)
  t.same(await ear.next(), { topic: room, envelope: told('heard') })
  wire.faults.reconnect('listener')
  t.same(await ear.next(), { interrupted: [alice] })
})

t.test('what was under way when a node is cut off or closed is lost', async t => {
  const { wire, ear, listening, one } = await openThree(t)
  const cut = tell(one, 'lost')
  wire.faults.disconnect('listener')
  await cut
  wire.faults.reconnect('listener')
  t.same(await ear.next(), { interrupted: 'all' })
  const closing = tell(one, 'lost')
  await listening.close()
  await closing
  await turn()
  t.same(ear.unread, [])
})

t.test('a node that falls behind by more than its inbox loses it and is told', async t => {
  const { ear, one } = await openThree(t, { inbox: 10 })
  await Promise.all(Array.from({ length: 11 }, (_, n) => tell(one, `${n}`)))
  t.same(await ear.next(), { interrupted: 'all' })
  await tell(one, 'after')
  t.same(await ear.next(), { topic: alice, envelope: told('after') })
})

t.test('an interruption says how long ago the first of what may be lost was sent', async t => {
  let now = 0
  const { wire, ear, one } = await openThree(t, { inbox: 2 }, () => now)
  const lost = async (deafMs: number, text: string) => {
    t.same(await ear.next(), { interrupted: text === 'unreadable' ? [alice] : 'all' })
    t.equal(ear.losses.at(-1), deafMs, text)
  }
  const underWay = tell(one, 'under way')
  now = 10
  wire.faults.disconnect('listener')
  await underWay
  now = 30
  wire.faults.disconnect('listener')
  wire.faults.reconnect('listener')
  now = 40
  await lost(40, 'cut off')

  const first = tell(one, 'waits')
  now = 50
  await Promise.all([first, tell(one, 'waits too'), tell(one, 'one too many')])
  await lost(10, 'overrun')

  wire.faults.inject(alice, Buffer.from('?'))
  now = 55
  await lost(5, 'unreadable')
})

t.test('when the whole cluster goes down every call rejects, and every bus is told when it is back', async t => {
  const { wire, ear, listening, one } = await openThree(t)
  wire.goDown()
  await t.rejects(tell(one, 'x'), { code: 'unreachable' })
  await t.rejects(listening.subscribe([alice]), { code: 'unreachable' })
  t.throws(() => wire.reach(), { code: 'unreachable' })
  wire.comeUp()
  t.same(await ear.next(), { interrupted: 'all' })
  await tell(one, 'after')
  t.same(await ear.next(), { topic: alice, envelope: told('after') })
})

t.test('a bus that is opened while the cluster is down works when it is back', async t => {
  const wire = memoryWire({ clock })
  wire.goDown()
  const ear = recorder()
  const bus = memoryBus(wire, ear)
  await t.rejects(bus.subscribe([alice]), { code: 'unreachable' })
  wire.comeUp()
  t.same(await ear.next(), { interrupted: 'all' })
  await t.resolves(bus.subscribe([alice]))
})

t.test('a thousand messages do not keep the event loop', async t => {
  const { ear, one } = await openThree(t)
  const published = Array.from({ length: 1_000 }, (_, n) => tell(one, `${n}`))
  await turn()
  t.ok(ear.unread.length < 1_000, 'others had a turn in between')
  await Promise.all(published)
  for (let n = 0; n < 1_000; n++) await ear.next()
})

t.test('names of nodes are unique, and free again after close', async t => {
  const wire = memoryWire({ clock })
  const bus = memoryBus(wire, recorder(), { node: 'one' })
  t.throws(() => memoryBus(wire, recorder(), { node: 'one' }), TypeError)
  await bus.close()
  t.doesNotThrow(() => memoryBus(wire, recorder(), { node: 'one' }))
  t.throws(() => wire.faults.disconnect('nobody'), TypeError)
})
