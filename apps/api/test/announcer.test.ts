import { decode, encode } from '@rendezvous/cluster'
import type { ConversationId, MessageId, Seq, UserId } from '@rendezvous/contract'
import { events as contractEvents } from '@rendezvous/contract'
import t from 'tap'
import { Compile } from 'typebox/compile'
import type { Change } from '../src/ports/changes.ts'
import type { PersonalChange } from '../src/ports/personal.ts'
import type { Advanced } from '../src/ports/receipts.ts'
import { announcer } from '../src/services/announcer.ts'
import { recordingBus } from './recording.ts'

const [ANN, BOB] = [1 as UserId, 2 as UserId]
const AT = new Date('2026-01-31T10:20:30.123Z')
const conversationId = 77 as ConversationId

function start(online: UserId[] = []) {
  const record = recordingBus()
  const forgotten: number[] = []
  const warnings: unknown[] = []
  const service = announcer({
    bus: record.bus,
    outbox: { done: async ids => void forgotten.push(...ids) },
    presence: { online: async ids => ids.filter(id => online.includes(id)) },
    visibility: {
      among: async (ids, others) => ids.map(id => ({ exact: others.filter(each => each !== id), coarse: [] }))
    },
    clock: () => AT.getTime(),
    warn: (_, what) => warnings.push(what)
  })
  return { ...record, ...service, forgotten, warnings }
}

function message(seq: number, senderId: UserId = ANN, id = conversationId): Change {
  const receiverId = senderId === ANN ? BOB : ANN
  const placed = {
    conversationId: id,
    seq: seq as Seq,
    memberIds: [senderId, receiverId] as const,
    membersSeq: 1 as Seq
  }
  const common = { number: seq - 1, kind: 1, content: `text ${seq}`, createdAt: AT, status: 'sent' as const }
  const clientId = '4f9f1f0e-6d1c-4f4e-8f0e-0123456789ab'
  const stored = {
    ...common,
    id: (1_000 + seq) as MessageId,
    conversationId: id,
    seq: seq as Seq,
    senderId,
    receiverId,
    clientId,
    changedSeq: seq as Seq,
    editedAt: null,
    pinnedAt: null,
    replyTo: null,
    mentions: [],
    reactions: [],
    system: null,
    isRead: false
  }
  return { ...placed, type: 'message_created', message: stored, rejoinedIds: [] }
}

t.test('messages of one commit are one envelope a conversation, the sender’s topic first', async t => {
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
})

t.test('values that do not follow each other are told apart', async t => {
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

t.test('what concerns one person goes to all his devices, under the values of his own stream', async t => {
  const { personal, settle, take, forgotten } = start()
  const told = (userId: UserId, seq: number): PersonalChange => {
    const session_id = '4f9f1f0e-6d1c-4f4e-8f0e-0123456789ab'
    const facts = { type: 'session_ended', session_id, user_agent: 'a phone', reason: 'revoked' } as const
    return { userId, seq: seq as Seq, at: AT, facts }
  }
  personal({ events: [told(ANN, 4), told(BOB, 9), told(ANN, 5), told(ANN, 7)], outboxIds: [3] })
  personal({ events: [], outboxIds: [] })
  await settle()

  const events = { kind: 'events' }
  const said = take()
  t.match(said, [
    { topics: ['user:1'], header: { ...events, stream: 'user:1', from: 4, to: 5 }, frames: [{ seq: 4 }, { seq: 5 }] },
    { topics: ['user:2'], header: { ...events, stream: 'user:2', from: 9, to: 9 }, frames: [{ seq: 9 }] },
    { topics: ['user:1'], header: { ...events, stream: 'user:1', from: 7, to: 7 }, frames: [{ seq: 7 }] }
  ])
  t.same([...Compile(contractEvents.session_ended).Errors(said[0]?.frames[0])], [])
  t.same(forgotten, [3])
})

t.test('every event is of the contract, and every envelope can be carried', async t => {
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

t.test('when the bus is down nothing fails, and the outbox keeps what is owed', async t => {
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

t.test('rows are forgotten together', async t => {
  const record = recordingBus()
  const calls: (readonly number[])[] = []
  const { announce, settle } = announcer({
    bus: record.bus,
    outbox: { done: async ids => void calls.push(ids) },
    presence: { online: async () => [] },
    visibility: { among: async () => [] },
    clock: () => 0,
    warn: () => {}
  })
  for (let n = 1; n <= 5; n++) announce([message(n + 1)], [n])
  await settle()
  t.same(calls.flat().sort(), [1, 2, 3, 4, 5])
  t.ok(calls.length < 5)
})

t.test('a message that was delivered and read is told so, delivered first', async t => {
  const { receipts, settle, take } = start()
  receipts([read(5)])
  await settle()

  const after = { stream: 'conversation:77', seq: 5 }
  const about = { id: 1_005, conversation_id: 77, user_id: BOB, seq: 5 }
  t.match(take(), [
    { topics: ['user:1'], header: { kind: 'courtesy', after }, frames: [{ type: 'message_delivered', ...about }] },
    { topics: ['user:1', 'user:2'], header: { kind: 'courtesy', after }, frames: [{ type: 'message_read', ...about }] }
  ])
})

t.test('two people who meet while online see that of each other, after the conversation', async t => {
  const created: Change = {
    ...{ conversationId, seq: 1 as Seq, memberIds: [ANN, BOB], membersSeq: 1 as Seq },
    ...{ type: 'conversation_created', title: '', userIds: [ANN, BOB], by: ANN, at: AT }
  }
  const both = start([ANN, BOB])
  both.announce([created], [])
  await both.settle()
  const after = { stream: 'conversation:77', seq: 1 }
  t.match(both.take().slice(1), [
    {
      topics: ['user:2'],
      header: { kind: 'courtesy', after },
      frames: [{ type: 'presence_update', user_id: ANN, online: true }]
    },
    { topics: ['user:1'], header: { kind: 'courtesy', after }, frames: [{ user_id: BOB }] }
  ])

  const nobody = start()
  nobody.announce([created], [])
  await nobody.settle()
  t.equal(nobody.take().length, 1)
})

t.test('ended sessions close their sockets', async t => {
  const { sessionsEnded, settle, take } = start()
  sessionsEnded({ userId: ANN, sessionIds: ['s'], spare: 'jti' })
  await settle()
  t.match(take(), [
    {
      topics: ['user:1'],
      frames: [],
      header: { kind: 'control', end_sessions: ['s'], spare: 'jti', user_id: 1, code: 4501 }
    }
  ])
})

function read(seq: number): Advanced {
  const move = {
    from: 0 as Seq,
    to: seq as Seq,
    messages: [{ id: (1_000 + seq) as MessageId, seq: seq as Seq, senderId: ANN }]
  }
  const own = { from: 0 as Seq, to: seq as Seq, last: null }
  return {
    conversationId,
    userId: BOB,
    peerId: ANN,
    delivered: move,
    read: move,
    own,
    told: true,
    membersSeq: 1 as Seq
  }
}
