import type { UserId } from '@rendezvous/contract'
import type { Test } from 'tap'
import type { Bus, BusListener } from '../../src/bus.ts'
import type { Envelope } from '../../src/envelope.ts'
import { type Topic, userTopic } from '../../src/topics.ts'
import { type Heard, type Recorder, recorder } from './recorder.ts'

/** A node's bus, and the wire cutter. */
export interface BusNode {
  readonly bus: Bus
  /** Resolves when the node is cut off from everything. */
  cutOff(): Promise<void>
  /** Lets the node reconnect by itself. */
  restore(): Promise<void>
}

/** Two nodes on one wire that nobody else uses. */
export interface BusNodes {
  readonly nodes: readonly [BusNode, BusNode]
  /** Publishes bytes that no bus would. */
  inject(topic: Topic, bytes: Uint8Array): Promise<void>
  /** Lets so many milliseconds pass, and no less, by the clock that the nodes tell their deafness by. */
  pass(ms: number): void
}

/** Makes two nodes with these listeners; what it opens it closes when `t` ends. */
export type MakeBusNodes = (t: Test, listeners: readonly [BusListener, BusListener]) => Promise<BusNodes>

const alice = userTopic(1 as UserId)
const bob = userTopic(2 as UserId)

/** How long a node is cut off. */
const DEAF_MS = 60_000

const told = (text: string): Envelope => ({ header: { kind: 'courtesy' }, frames: [JSON.stringify({ text })] })
const heard = (topic: Topic, text: string): Heard => ({ topic, envelope: told(text) })

/** What every bus promises. */
export async function busSuite(t: Test, makeNodes: MakeBusNodes): Promise<void> {
  await t.test('while connected', t => connectedSuite(t, makeNodes))
  await t.test('when cut off', t => interruptedSuite(t, makeNodes))
  await t.test('at its edges', t => edgeSuite(t, makeNodes))
}

async function open(t: Test, makeNodes: MakeBusNodes) {
  const ears: [Recorder, Recorder] = [recorder(), recorder()]
  const { nodes, inject, pass } = await makeNodes(t, ears)
  const publish = (bus: Bus, topics: readonly Topic[], text: string) => bus.publish([{ topics, envelope: told(text) }])
  return { here: nodes[0], there: nodes[1], ears: { here: ears[0], there: ears[1] }, inject, pass, publish }
}

async function connectedSuite(t: Test, makeNodes: MakeBusNodes): Promise<void> {
  await t.test('what is published once a subscription is confirmed arrives, its frames as they were', async t => {
    const { here, there, ears } = await open(t, makeNodes)
    const envelope: Envelope = {
      header: { kind: 'events', stream: 'conversation:7', from: 3, to: 4, senders: [1 as UserId, 0] },
      frames: ['{"text":"h\\néllo 👋"}', '{ "spaced" : 1 }']
    }
    await there.bus.subscribe([alice])
    await here.bus.publish([{ topics: [alice], envelope }])
    t.same(await ears.there.next(), { topic: alice, envelope })
  })

  await t.test("a publisher's own node is a subscriber like any other", async t => {
    const { here, ears, publish } = await open(t, makeNodes)
    await here.bus.subscribe([alice])
    await publish(here.bus, [alice], 'hello')
    t.same(await ears.here.next(), heard(alice, 'hello'))
  })

  await t.test('publishing to nobody is fine', async t => {
    const { here, publish } = await open(t, makeNodes)
    await t.resolves(publish(here.bus, [alice], 'anyone?'))
    await t.resolves(here.bus.publish([]))
  })

  await t.test('an envelope to two topics of a node arrives once for each', async t => {
    const { here, there, ears, publish } = await open(t, makeNodes)
    await there.bus.subscribe([alice, bob])
    await publish(here.bus, [alice, bob], 'hello')
    const topics = [await ears.there.next(), await ears.there.next()].map(each => 'topic' in each && each.topic)
    t.same(topics.sort(), [alice, bob])
  })

  await t.test('one publisher is heard in order on a topic, awaited or not', async t => {
    const { here, there, ears, publish } = await open(t, makeNodes)
    const texts = Array.from({ length: 600 }, (_, n) => `${n}`)
    await there.bus.subscribe([alice])
    await Promise.all(texts.map(text => publish(here.bus, [alice], text)))
    for (const text of texts) t.same(await ears.there.next(), heard(alice, text))
  })

  await t.test('the listener is never called on the stack of the publisher', async t => {
    const { here, ears, publish } = await open(t, makeNodes)
    await here.bus.subscribe([alice])
    const published = publish(here.bus, [alice], 'hello')
    t.same(ears.here.unread, [])
    await published
    await ears.here.next()
  })

  await t.test('nothing of a topic arrives once it is unsubscribed', async t => {
    const { here, there, ears, publish } = await open(t, makeNodes)
    await there.bus.subscribe([alice, bob])
    await there.bus.unsubscribe([alice])
    await publish(here.bus, [alice], 'missed')
    await there.bus.subscribe([alice])
    await publish(here.bus, [alice], 'fence')
    t.same(await ears.there.next(), heard(alice, 'fence'))
  })

  await t.test('what is under way when a topic is unsubscribed does not arrive afterwards', async t => {
    const { here, there, ears, publish } = await open(t, makeNodes)
    await there.bus.subscribe([alice, bob])
    const published = Array.from({ length: 1_000 }, () => publish(here.bus, [alice], 'flood'))
    await there.bus.unsubscribe([alice])
    const before = ears.there.unread.length
    await Promise.all(published)
    await publish(here.bus, [bob], 'fence')
    for (let n = 0; n < before; n++) await ears.there.next()
    t.same(await ears.there.next(), heard(bob, 'fence'))
  })

  await t.test('topics are a set: subscribed twice, one unsubscribe ends it', async t => {
    const { here, there, ears, publish } = await open(t, makeNodes)
    await there.bus.subscribe([alice, alice])
    await there.bus.subscribe([alice])
    await publish(here.bus, [alice], 'once')
    await there.bus.subscribe([bob])
    t.same(await ears.there.next(), heard(alice, 'once'))
    await there.bus.unsubscribe([alice])
    await publish(here.bus, [alice], 'missed')
    await publish(here.bus, [bob], 'fence')
    t.same(await ears.there.next(), heard(bob, 'fence'))
  })

  await t.test('subscribe and unsubscribe take effect in the order they were called', async t => {
    const { here, there, ears, publish } = await open(t, makeNodes)
    await Promise.all([
      there.bus.subscribe([alice, bob]),
      there.bus.unsubscribe([alice, bob]),
      there.bus.subscribe([alice]),
      there.bus.unsubscribe([userTopic(3 as UserId)])
    ])
    await publish(here.bus, [bob, alice], 'hello')
    t.same(await ears.there.next(), heard(alice, 'hello'))
  })
}

async function interruptedSuite(t: Test, makeNodes: MakeBusNodes): Promise<void> {
  await t.test('what was published meanwhile is lost, and the node is told so once it hears again', async t => {
    const { here, there, ears, pass, publish } = await open(t, makeNodes)
    await there.bus.subscribe([alice])
    await there.cutOff()
    await publish(here.bus, [alice], 'lost')
    pass(DEAF_MS)
    await there.restore()
    const told = await ears.there.next()
    t.ok('interrupted' in told && (told.interrupted === 'all' || told.interrupted.includes(alice)))
    const [deafMs = 0] = ears.there.losses
    t.ok(deafMs === null || deafMs >= DEAF_MS, 'it says since when, as far back as what was lost')
    await publish(here.bus, [alice], 'after')
    t.same(await ears.there.next(), heard(alice, 'after'))
  })

  await t.test('publish and subscribe reject; unsubscribe holds', async t => {
    const { here, there, ears, publish } = await open(t, makeNodes)
    await there.bus.subscribe([alice, bob])
    await there.cutOff()
    await t.rejects(publish(there.bus, [alice], 'nobody'), { name: 'ClusterError', code: 'unreachable' })
    await t.rejects(there.bus.subscribe([userTopic(3 as UserId)]), { name: 'ClusterError', code: 'unreachable' })
    await there.bus.unsubscribe([alice])
    await there.restore()
    t.ok('interrupted' in (await ears.there.next()))
    await publish(here.bus, [alice], 'not subscribed')
    await publish(here.bus, [bob], 'fence')
    t.same(await ears.there.next(), heard(bob, 'fence'))
  })

  await t.test('bytes that are no envelope are told as an interruption of their topic', async t => {
    const { here, there, ears, inject, publish } = await open(t, makeNodes)
    await there.bus.subscribe([alice])
    await inject(alice, Buffer.from('{"kind":"of a later version"}\n{}'))
    t.same(await ears.there.next(), { interrupted: [alice] })
    await publish(here.bus, [alice], 'after')
    t.same(await ears.there.next(), heard(alice, 'after'))
  })
}

async function edgeSuite(t: Test, makeNodes: MakeBusNodes): Promise<void> {
  await t.test('of deliveries with one that cannot be encoded none is published', async t => {
    const { here, there, ears, publish } = await open(t, makeNodes)
    await there.bus.subscribe([alice])
    const bad: Envelope = { header: { kind: 'courtesy' }, frames: ['two\nlines'] }
    const deliveries = [told('good'), bad].map(envelope => ({ topics: [alice], envelope }))
    await t.rejects(here.bus.publish(deliveries), { name: 'ClusterError', code: 'malformed' })
    await publish(here.bus, [alice], 'fence')
    t.same(await ears.there.next(), heard(alice, 'fence'))
  })

  await t.test('a closed bus refuses, hears nothing, and leaves the others alone', async t => {
    const { here, there, ears, publish } = await open(t, makeNodes)
    await here.bus.subscribe([alice])
    await there.bus.subscribe([alice])
    await publish(there.bus, [alice], 'before')
    await ears.there.next()
    await there.bus.close()
    await t.resolves(there.bus.close())
    for (const call of [publish(there.bus, [alice], 'x'), there.bus.subscribe([alice]), there.bus.unsubscribe([alice])])
      await t.rejects(call, { name: 'ClusterError', code: 'closed' })

    t.same(await ears.here.next(), heard(alice, 'before'))
    await publish(here.bus, [alice], 'after')
    t.same(await ears.here.next(), heard(alice, 'after'))
    t.same(ears.there.unread, [])
  })
}
