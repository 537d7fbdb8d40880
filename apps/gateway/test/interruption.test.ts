import { conversationStream, type MissedConversation, type Seq, userStream } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { batchedBackend } from '../src/backend/batches.ts'
import { askMissed, interruptionOf, merged } from '../src/socket/interruption.ts'
import type { Client } from './client.ts'
import { emptyRoster, fakeBackend } from './fake-backend.ts'
import {
  alice,
  bob,
  club,
  type Gateway,
  headOf,
  nextSeqs,
  openCluster,
  openGateway,
  publisher,
  talk,
  toAlice,
  toBob
} from './gateway.ts'

/** The api's answer about one conversation. */
function missed(conversationId: typeof talk, headSeq: number, receipts = false): MissedConversation {
  return { conversationId, headSeq: headSeq as Seq, receipts }
}

/** Streams that the client is told to resync before its next command is answered. */
async function told(client: Client): Promise<unknown[]> {
  client.say({ type: 'ping' })
  const streams: unknown[] = []
  for (let frame = await client.next(); frame.type !== 'ack'; frame = await client.next())
    if (frame.type === 'resync') streams.push(frame.stream)
  return streams
}

/** Interrupts the topic of Alice for `cutMs`, and lets the gateway ask what that cost. */
async function interrupt(t: Test, gateway: Gateway, client: Client, cutMs = 0): Promise<void> {
  const marker = await gateway.connectReady(bob)
  gateway.wire.faults.disconnect(gateway.name, [toAlice])
  gateway.timers.advance(cutMs)
  gateway.wire.faults.reconnect(gateway.name)
  await publisher(t, gateway).tell([toBob], 'again')
  await marker.nextOf('told')
  gateway.timers.advance(3_000)
  await client.nextOf('presence_snapshot')
}

t.test('after an interruption only streams with later events resync', async t => {
  const gateway = await openGateway(t)
  const api = publisher(t, gateway)
  const client = await gateway.connectReady(alice)
  await api.messages([toAlice], 4, 5)
  await nextSeqs(client, 2)
  for (const [answer, expected] of [
    [[], []],
    [[missed(talk, 5)], []],
    [[missed(talk, 6)], [conversationStream(talk)]],
    [[missed(talk, 5, true)], [conversationStream(talk)]],
    [null, [null]]
  ] as const) {
    await api.messages([toAlice], 5)
    await api.messages([toAlice], 4)
    await api.tell([toAlice], 'heard')
    await client.nextOf('told')
    gateway.backend.answers.missed = () => answer && [...answer]
    await interrupt(t, gateway, client)
    t.same(await told(client), expected)
  }
})

t.test('a stream without known events resyncs, since some may be lost', async t => {
  const gateway = await openGateway(t)
  const client = await gateway.connectReady(alice)
  gateway.backend.answers.missed = () => [missed(talk, 5), missed(club, 2)]
  await interrupt(t, gateway, client)
  t.same(await told(client), [conversationStream(talk), conversationStream(club)])
})

t.test("a user's own stream resyncs when its head is above what they were told", async t => {
  const gateway = await openGateway(t)
  const own = userStream(alice)
  gateway.backend.answers.roster = () => ({ ...emptyRoster, head: 5 })
  const client = await gateway.connectReady(alice)
  await interrupt(t, gateway, client)
  t.same(await told(client), [], 'the head is the same as at ready')

  const header = { kind: 'events', stream: own, from: 6 as Seq, to: 6 as Seq } as const
  await publisher(t, gateway).publish([toAlice], { header, frames: ['{"type":"session_started"}'] })
  await client.nextOf('session_started')
  gateway.backend.answers.roster = () => ({ ...emptyRoster, head: 6 })
  await interrupt(t, gateway, client)
  t.same(await told(client), [], 'the event arrived')

  gateway.backend.answers.roster = () => ({ ...emptyRoster, head: 7 })
  await interrupt(t, gateway, client)
  t.same(await told(client), [own])
  await interrupt(t, gateway, client)
  t.same(await told(client), [], 'told once')
})

t.test('a group resyncs when its user joined or left without being told', async t => {
  const gateway = await openGateway(t)
  const api = publisher(t, gateway)
  gateway.backend.answers.roster = () => ({ ...emptyRoster, rooms: [headOf(club, 4)] })
  const client = await gateway.connectReady(alice)
  const lost = async (headSeq: number) => {
    gateway.backend.answers.missed = () => [missed(club, headSeq)]
    await interrupt(t, gateway, client)
    return told(client)
  }
  t.same(await lost(3), [], 'the user belongs as of a later change')
  t.same(await lost(6), [conversationStream(club)], 'the user was removed, or added again')
  await api.membersChanged('member_left', 7, [alice])
  await client.nextOf('member_left')
  gateway.backend.answers.roster = () => emptyRoster
  t.same(await lost(7), [], 'the user knows that they left')
  t.same(await lost(9), [conversationStream(club)])
})

t.test('the api is asked about the time since the interruption began, and a margin before it', async t => {
  const gateway = await openGateway(t)
  const client = await gateway.connectReady(alice)
  await interrupt(t, gateway, client, 2_000)
  t.same(gateway.backend.asked('missed'), [{ userId: alice, deafMs: 2_000 + 1_500 + 5_000 }])
})

t.test('an answer that took longer than the margin is not used, so all streams resync', async t => {
  const gateway = await openGateway(t)
  const client = await gateway.connectReady(alice)
  gateway.backend.interpose('missed', async () => gateway.timers.advance(5_001))
  await interrupt(t, gateway, client)
  t.same(await told(client), [null])
})

t.test('when the start of the interruption is unknown the api is not asked', async t => {
  const { timers } = openCluster()
  const backend = fakeBackend()
  const node = { timers, backend: batchedBackend(backend, timers, 0) }
  t.equal(await askMissed({ since: null, heard: () => 1 }, alice, node), null)
  t.same(backend.calls, [])
})

t.test('interruptions whose cost is not known yet become one, which began with the first', async t => {
  const loss = (deafMs: number | null, last: number) => ({ topic: toAlice, deafMs, heard: () => last })
  const first = interruptionOf([loss(100, 5)], 1_000)
  t.match([first?.since, first?.heard('x')], [900, 5])
  const both = merged(first, interruptionOf([loss(50, 9)], 2_000))
  t.match([both?.since, both?.heard('x')], [900, 5], 'events heard between them may follow a gap')
  t.equal(merged(first, interruptionOf([loss(5_000, 9)], 2_000))?.since, -3_000)
  t.equal(merged(first, interruptionOf([loss(null, 9)], 2_000))?.since, null, 'the start is unknown')
  t.equal(merged(null, interruptionOf([], 2_000)), null)
})
