import { decode, encode } from '@rendezvous/cluster'
import type { ConversationId, Seq, UserId } from '@rendezvous/contract'
import { events as contractEvents } from '@rendezvous/contract'
import t from 'tap'
import { Compile } from 'typebox/compile'
import { announcer } from '../../src/announce/outbox/announcer.ts'
import type { PersonalChange } from '../../src/announce/personal/port.ts'
import { changeDeliveries } from '../../src/chat/changes/deliveries.ts'
import type { Change } from '../../src/chat/changes/port.ts'
import { recordingBus } from '../recording.ts'
import { ANN, AT, BOB, conversationId, message, read, start } from './recorded.ts'

t.test(
  'the messages of one commit become one envelope per conversation, with the first sender’s topic first',
  async t => {
    const { announce, settle, take, forgotten } = start()
    const other = 78 as ConversationId

    announce([message(2), message(2, BOB, other), message(3, BOB), message(4)], [9])
    await settle()

    t.match(take(), [
      {
        topics: ['user:1', 'user:2'],
        header: { kind: 'events', stream: 'conversation:77', from: 2, to: 4, senders: [1, 2, 1], conversation: 77 },
        frames: [{ seq: 2, from: 1, to: 2 }, { seq: 3, from: 2, to: 1 }, { seq: 4 }]
      },
      { topics: ['user:2', 'user:1'], header: { stream: 'conversation:78', from: 2, to: 2 } }
    ])
    t.same(forgotten, [9])
  }
)

t.test('values that are not consecutive go into separate envelopes', async t => {
  const { announce, settle, take } = start()
  announce([message(2), message(4), message(5)], [])
  await settle()
  t.match(
    take().map(({ header }) => header),
    [
      { from: 2, to: 2 },
      { from: 4, to: 5 }
    ]
  )
})

t.test('a personal event goes to all devices of its user, with values of their personal stream', async t => {
  const { personal, settle, take, forgotten } = start()
  const ended = (userId: UserId, seq: number): PersonalChange => {
    const session_id = '4f9f1f0e-6d1c-4f4e-8f0e-0123456789ab'
    const facts = { type: 'session_ended', session_id, user_agent: 'a phone', reason: 'revoked' } as const
    return { userId, seq: seq as Seq, at: AT, facts }
  }
  personal([ended(ANN, 4), ended(BOB, 9), ended(ANN, 5), ended(ANN, 7)], [3])
  personal([], [])
  await settle()

  const events = { kind: 'events' }
  const published = take()
  t.match(published, [
    { topics: ['user:1'], header: { ...events, stream: 'user:1', from: 4, to: 5 }, frames: [{ seq: 4 }, { seq: 5 }] },
    { topics: ['user:2'], header: { ...events, stream: 'user:2', from: 9, to: 9 }, frames: [{ seq: 9 }] },
    { topics: ['user:1'], header: { ...events, stream: 'user:1', from: 7, to: 7 }, frames: [{ seq: 7 }] }
  ])
  t.same([...Compile(contractEvents.session_ended).Errors(published[0]?.frames[0])], [])
  t.same(forgotten, [3])
})

t.test('every event matches the contract, and every envelope survives encoding', async t => {
  const { announce, receipts, presence, snapshot, settle, published } = start([ANN, BOB])
  const placed = { conversationId, memberIds: [ANN, BOB] as const, membersSeq: 1 as Seq }
  const changes: Change[] = [
    { ...placed, seq: 1 as Seq, type: 'conversation_created', title: '', userIds: [ANN, BOB], by: ANN, at: AT },
    message(2),
    { ...placed, seq: 3 as Seq, type: 'member_left', userIds: [BOB], by: BOB, ownerId: null, at: AT },
    { ...placed, seq: 4 as Seq, type: 'superseded', at: AT },
    { ...placed, seq: 5 as Seq, type: 'member_joined', userIds: [BOB], by: BOB, at: AT }
  ]
  announce(changes, [1])
  receipts([read(2)])
  presence({ userId: ANN, online: true, lastSeen: AT }, { exact: [ANN], coarse: [BOB] })
  snapshot(ANN, [ANN, BOB])
  await settle()

  const frames = published.flatMap(({ envelope }) => [...decode(encode(envelope)).frames])
  t.equal(frames.length, 5 + 2 + 2 + 2 + 1)
  for (const frame of frames) {
    const event = JSON.parse(frame)
    const check = Compile(contractEvents[event.type as keyof typeof contractEvents])
    t.same([...check.Errors(event)], [], event.type)
  }
})

t.test('when the bus is down no call fails, and the outbox keeps the rows', async t => {
  const { announce, receipts, settle, goDown, comeUp, take, forgotten, warnings } = start()
  goDown()
  announce([message(2)], [9])
  receipts([read(2)])
  await settle()
  t.same([forgotten, warnings.sort()], [[], ['changes', 'receipts']])

  comeUp()
  announce([message(3)], [10])
  await settle()
  t.match(take(), [{ header: { from: 3 } }])
  t.same(forgotten, [10])
})

t.test('on a bus that hangs, announcements beyond 10,000 are left to the sweep', async t => {
  let publishes = 0
  let release = () => {}
  const hung = new Promise<void>(resolve => {
    release = resolve
  })
  const publish = () => {
    publishes += 1
    return hung
  }
  const [removed, warnings]: [number[], string[]] = [[], []]
  const { announce, courtesy, settle } = announcer({
    bus: { publish },
    outbox: { done: async ids => void removed.push(...ids) },
    warn: (_, what) => warnings.push(what)
  })
  const deliveries = changeDeliveries([message(2)])

  for (let n = 1; n <= 10_000; n++) announce(deliveries, [n], 'changes')
  announce(deliveries, [10_001], 'more changes')
  courtesy(deliveries, 'a courtesy')
  t.same([publishes, warnings], [10_000, ['more changes', 'a courtesy']])

  release()
  await settle()
  t.equal(removed.length, 10_000)
  announce(deliveries, [10_002], 'changes')
  await settle()
  t.ok(removed.includes(10_002))
})

t.test('rows of the outbox are removed in batches', async t => {
  const record = recordingBus()
  const calls: (readonly number[])[] = []
  const { announce, settle } = announcer({
    bus: record.bus,
    outbox: { done: async ids => void calls.push(ids) },
    warn: () => {}
  })
  for (let n = 1; n <= 5; n++) announce(changeDeliveries([message(n + 1)]), [n], 'changes')
  await settle()
  t.same(calls.flat().sort(), [1, 2, 3, 4, 5])
  t.ok(calls.length < 5)
})
