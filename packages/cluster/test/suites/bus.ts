import type { UserId } from '@rendezvous/contract'
import type { Test } from 'tap'
import type { Bus, BusListener } from '../../src/bus.ts'
import type { Envelope } from '../../src/envelope.ts'
import { type Topic, userTopic } from '../../src/topics.ts'
import { type Received, type Recorder, recorder } from './recorder.ts'

/** A node's bus, and the connection that a test can break. */
export interface BusNode {
  readonly bus: Bus
  /** Resolves when the node is disconnected from all topics. */
  disconnect(): Promise<void>
  /** Lets the node reconnect by itself. */
  reconnect(): Promise<void>
}

/** Two nodes of a cluster that no other test uses. */
export interface BusNodes {
  readonly nodes: readonly [BusNode, BusNode]
  /** Publishes raw bytes. */
  inject(topic: Topic, bytes: Uint8Array): Promise<void>
  /** Advances by at least `ms` the clock by which the nodes measure `deafMs`. */
  advance(ms: number): void
}

/** Makes two nodes with these listeners, and closes them when `t` ends. */
export type MakeBusNodes = (t: Test, listeners: readonly [BusListener, BusListener]) => Promise<BusNodes>

const alice = userTopic(1 as UserId)
const bob = userTopic(2 as UserId)

/** How long a node is disconnected. */
const DISCONNECTED_MS = 60_000

const envelopeOf = (text: string): Envelope => ({ header: { kind: 'courtesy' }, frames: [JSON.stringify({ text })] })
const received = (topic: Topic, text: string): Received => ({ topic, envelope: envelopeOf(text) })

/** The promises of every bus, as tests. */
export async function busSuite(t: Test, makeNodes: MakeBusNodes): Promise<void> {
  await t.test('while connected', t => connectedSuite(t, makeNodes))
  await t.test('while disconnected', t => interruptedSuite(t, makeNodes))
  await t.test('when misused or closed', t => edgeSuite(t, makeNodes))
}

async function open(t: Test, makeNodes: MakeBusNodes) {
  const recorders: [Recorder, Recorder] = [recorder(), recorder()]
  const { nodes, inject, advance } = await makeNodes(t, recorders)
  const publish = (bus: Bus, topics: readonly Topic[], text: string) =>
    bus.publish([{ topics, envelope: envelopeOf(text) }])
  return {
    here: nodes[0],
    there: nodes[1],
    recorders: { here: recorders[0], there: recorders[1] },
    inject,
    advance,
    publish
  }
}

async function connectedSuite(t: Test, makeNodes: MakeBusNodes): Promise<void> {
  await t.test('a message published after a confirmed subscription arrives with its frames unchanged', async t => {
    const { here, there, recorders } = await open(t, makeNodes)
    const envelope: Envelope = {
      header: { kind: 'events', stream: 'conversation:7', from: 3, to: 4, senders: [1 as UserId, 0] },
      frames: ['{"text":"h\\néllo 👋"}', '{ "spaced" : 1 }']
    }
    await there.bus.subscribe([alice])
    await here.bus.publish([{ topics: [alice], envelope }])
    t.same(await recorders.there.next(), { topic: alice, envelope })
  })

  await t.test('a node gets what it publishes itself', async t => {
    const { here, recorders, publish } = await open(t, makeNodes)
    await here.bus.subscribe([alice])
    await publish(here.bus, [alice], 'hello')
    t.same(await recorders.here.next(), received(alice, 'hello'))
  })

  await t.test('publishing without subscribers resolves', async t => {
    const { here, publish } = await open(t, makeNodes)
    await t.resolves(publish(here.bus, [alice], 'anyone?'))
    await t.resolves(here.bus.publish([]))
  })

  await t.test('an envelope to two topics of a node arrives once per topic', async t => {
    const { here, there, recorders, publish } = await open(t, makeNodes)
    await there.bus.subscribe([alice, bob])
    await publish(here.bus, [alice, bob], 'hello')
    const topics = [await recorders.there.next(), await recorders.there.next()].map(
      each => 'topic' in each && each.topic
    )
    t.same(topics.sort(), [alice, bob])
  })

  await t.test('messages of one publisher arrive in order on a topic, awaited or not', async t => {
    const { here, there, recorders, publish } = await open(t, makeNodes)
    const texts = Array.from({ length: 600 }, (_, n) => `${n}`)
    await there.bus.subscribe([alice])
    await Promise.all(texts.map(text => publish(here.bus, [alice], text)))
    for (const text of texts) t.same(await recorders.there.next(), received(alice, text))
  })

  await t.test('the listener is never called on the stack of the publisher', async t => {
    const { here, recorders, publish } = await open(t, makeNodes)
    await here.bus.subscribe([alice])
    const published = publish(here.bus, [alice], 'hello')
    t.same(recorders.here.unread, [])
    await published
    await recorders.here.next()
  })

  await t.test('no message of a topic arrives after unsubscribe', async t => {
    const { here, there, recorders, publish } = await open(t, makeNodes)
    await there.bus.subscribe([alice, bob])
    await there.bus.unsubscribe([alice])
    await publish(here.bus, [alice], 'missed')
    await there.bus.subscribe([alice])
    await publish(here.bus, [alice], 'fence')
    t.same(await recorders.there.next(), received(alice, 'fence'))
  })

  await t.test('a message on its way during unsubscribe does not arrive afterwards', async t => {
    const { here, there, recorders, publish } = await open(t, makeNodes)
    await there.bus.subscribe([alice, bob])
    const published = Array.from({ length: 1_000 }, () => publish(here.bus, [alice], 'flood'))
    await there.bus.unsubscribe([alice])
    const before = recorders.there.unread.length
    await Promise.all(published)
    await publish(here.bus, [bob], 'fence')
    for (let n = 0; n < before; n++) await recorders.there.next()
    t.same(await recorders.there.next(), received(bob, 'fence'))
  })

  await t.test('one unsubscribe ends two subscriptions of a topic', async t => {
    const { here, there, recorders, publish } = await open(t, makeNodes)
    await there.bus.subscribe([alice, alice])
    await there.bus.subscribe([alice])
    await publish(here.bus, [alice], 'once')
    await there.bus.subscribe([bob])
    t.same(await recorders.there.next(), received(alice, 'once'))
    await there.bus.unsubscribe([alice])
    await publish(here.bus, [alice], 'missed')
    await publish(here.bus, [bob], 'fence')
    t.same(await recorders.there.next(), received(bob, 'fence'))
  })

  await t.test('subscribe and unsubscribe take effect in the order they were called', async t => {
    const { here, there, recorders, publish } = await open(t, makeNodes)
    await Promise.all([
      there.bus.subscribe([alice, bob]),
      there.bus.unsubscribe([alice, bob]),
      there.bus.subscribe([alice]),
      there.bus.unsubscribe([userTopic(3 as UserId)])
    ])
    await publish(here.bus, [bob, alice], 'hello')
    t.same(await recorders.there.next(), received(alice, 'hello'))
  })
}

async function interruptedSuite(t: Test, makeNodes: MakeBusNodes): Promise<void> {
  await t.test('messages published meanwhile are lost, and the node is told so once it is connected again', async t => {
    const { here, there, recorders, advance, publish } = await open(t, makeNodes)
    await there.bus.subscribe([alice])
    await there.disconnect()
    await publish(here.bus, [alice], 'lost')
    advance(DISCONNECTED_MS)
    await there.reconnect()
    const told = await recorders.there.next()
    t.ok('interrupted' in told && (told.interrupted === 'all' || told.interrupted.includes(alice)))
    const [deafMs = 0] = recorders.there.losses
    t.ok(deafMs === null || deafMs >= DISCONNECTED_MS, 'deafMs covers the first lost message')
    await publish(here.bus, [alice], 'after')
    t.same(await recorders.there.next(), received(alice, 'after'))
  })

  await t.test('publish and subscribe reject, and unsubscribe takes effect', async t => {
    const { here, there, recorders, publish } = await open(t, makeNodes)
    await there.bus.subscribe([alice, bob])
    await there.disconnect()
    await t.rejects(publish(there.bus, [alice], 'nobody'), { name: 'ClusterError', code: 'unreachable' })
    await t.rejects(there.bus.subscribe([userTopic(3 as UserId)]), { name: 'ClusterError', code: 'unreachable' })
    await there.bus.unsubscribe([alice])
    await there.reconnect()
    t.ok('interrupted' in (await recorders.there.next()))
    await publish(here.bus, [alice], 'not subscribed')
    await publish(here.bus, [bob], 'fence')
    t.same(await recorders.there.next(), received(bob, 'fence'))
  })

  await t.test('malformed bytes are an interruption of their topic', async t => {
    const { here, there, recorders, inject, publish } = await open(t, makeNodes)
    await there.bus.subscribe([alice])
    await inject(alice, Buffer.from('{"kind":"of a later version"}\n{}'))
    t.same(await recorders.there.next(), { interrupted: [alice] })
    await publish(here.bus, [alice], 'after')
    t.same(await recorders.there.next(), received(alice, 'after'))
  })
}

async function edgeSuite(t: Test, makeNodes: MakeBusNodes): Promise<void> {
  await t.test('if one delivery cannot be encoded, none is published', async t => {
    const { here, there, recorders, publish } = await open(t, makeNodes)
    await there.bus.subscribe([alice])
    const bad: Envelope = { header: { kind: 'courtesy' }, frames: ['two\nlines'] }
    const deliveries = [envelopeOf('good'), bad].map(envelope => ({ topics: [alice], envelope }))
    await t.rejects(here.bus.publish(deliveries), { name: 'ClusterError', code: 'malformed' })
    await publish(here.bus, [alice], 'fence')
    t.same(await recorders.there.next(), received(alice, 'fence'))
  })

  await t.test('a closed bus rejects calls and gets nothing, and other buses go on', async t => {
    const { here, there, recorders, publish } = await open(t, makeNodes)
    await here.bus.subscribe([alice])
    await there.bus.subscribe([alice])
    await publish(there.bus, [alice], 'before')
    await recorders.there.next()
    await there.bus.close()
    await t.resolves(there.bus.close())
    for (const call of [publish(there.bus, [alice], 'x'), there.bus.subscribe([alice]), there.bus.unsubscribe([alice])])
      await t.rejects(call, { name: 'ClusterError', code: 'closed' })

    t.same(await recorders.here.next(), received(alice, 'before'))
    await publish(here.bus, [alice], 'after')
    t.same(await recorders.here.next(), received(alice, 'after'))
    t.same(recorders.there.unread, [])
  })
}
