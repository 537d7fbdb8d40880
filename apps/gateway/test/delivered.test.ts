import { setImmediate as turn } from 'node:timers/promises'
import { type ConversationId, type DeliveryReport, limits, type Seq, type UserId } from '@rendezvous/contract'
import t from 'tap'
import { coalescedDeliveries, REPORTS_MAX } from '../src/backend/deliveries.ts'
import { alice, bob, nextSeqs, openGateway, publisher, talk, toAlice, toBob } from './gateway.ts'
import { manualTimers } from './manual-timers.ts'

/** The arguments of `report` for one message written to one user. */
const written = (userId: number, seq: number, conversationId = 1) =>
  [conversationId as ConversationId, seq as Seq, userId as UserId] as const

const report = (userIds: readonly number[], seq: number, conversationId = 1): DeliveryReport => ({
  conversationId: conversationId as ConversationId,
  seq: seq as Seq,
  userIds: userIds as UserId[]
})

/** Deliveries that wait 200 ms, the calls that they make, and their clock. */
function openDeliveries() {
  const timers = manualTimers()
  const calls: (readonly DeliveryReport[])[] = []
  const deliveries = coalescedDeliveries({
    deliver: async reports => void calls.push(reports),
    timers,
    delayMs: 200,
    log: () => undefined
  })
  return { timers, calls, deliveries }
}

t.test('in the legacy dialect a message counts as delivered when it is written to the socket', async t => {
  const gateway = await openGateway(t)
  const client = await gateway.connectReady(alice, { legacy: true })
  await publisher(t, gateway).messages([toAlice], 1, 3)
  await nextSeqs(client, 3)
  gateway.timers.advance(200)
  t.same(await gateway.backend.whenAsked('delivered', 1), [report([alice], 3, talk)])
})

t.test('neither the sender nor a client of rendezvous.v1 is reported', async t => {
  const gateway = await openGateway(t)
  const clients = [await gateway.connectReady(bob, { legacy: true }), await gateway.connectReady(alice)]
  const api = publisher(t, gateway)
  await api.messages([toBob, toAlice], 1, 3, bob)
  for (const client of clients) await nextSeqs(client, 3)
  gateway.timers.advance(200)

  const legacy = await gateway.connectReady(alice, { legacy: true })
  await api.messages([toAlice], 4)
  await nextSeqs(legacy, 1)
  gateway.timers.advance(200)
  t.same(await gateway.backend.whenAsked('delivered', 1), [report([alice], 4, talk)])
})

t.test('waiting messages count as delivered when a legacy client connects', async t => {
  const gateway = await openGateway(t)
  await gateway.connectReady(bob)
  await gateway.connectReady(alice, { legacy: true })
  t.same(await gateway.backend.whenAsked('deliverWaiting', 1), [alice])
})

t.test('reports are gathered, and the highest seq of each user and conversation is sent', async t => {
  const { timers, calls, deliveries } = openDeliveries()
  for (const each of [written(1, 5), written(1, 7), written(1, 6), written(2, 1), written(1, 2, 9)])
    deliveries.report(...each)
  timers.advance(199)
  t.same(calls, [])
  timers.advance(1)
  t.same(calls, [[report([1], 7), report([2], 1), report([1], 2, 9)]])
})

t.test('in a busy group one report covers the messages of several delays', async t => {
  const { timers, calls, deliveries } = openDeliveries()
  const toBoth = (seq: number) => {
    for (const user of [1, 2]) deliveries.report(...written(user, seq))
  }
  const pass = async (ms: number) => {
    timers.advance(ms)
    await turn()
  }

  toBoth(1)
  await pass(200)
  t.same(calls, [[report([1, 2], 1)]])
  for (const seq of [2, 3]) {
    toBoth(seq)
    await pass(200)
  }
  t.equal(calls.length, 1, 'the group reported less than three delays ago')
  toBoth(4)
  deliveries.report(...written(3, 1, 9))
  await pass(200)
  t.same(calls[1], [report([1, 2], 4), report([3], 1, 9)])

  toBoth(5)
  await deliveries.flush()
  t.same(calls[2], [report([1, 2], 5)], 'a flush leaves nothing waiting')
})

t.test('a group that does not fit into one batch is reported in the next one', async t => {
  const { timers, calls, deliveries } = openDeliveries()
  for (let other = 1; other < limits.backendBatch; other += 1) deliveries.report(...written(1, 1, 100 + other))
  for (const [user, seq] of [
    [1, 5],
    [2, 5],
    [3, 4],
    [4, 4]
  ] as const)
    deliveries.report(...written(user, seq))
  timers.advance(200)
  for (let turns = 0; turns < 5; turns += 1) await turn()
  t.same(calls[0]?.at(-1), report([1, 2], 5))
  t.same(calls[1], [report([3, 4], 4)])
})

t.test('many reports are sent in batches, and reports above the limit are dropped', async t => {
  const sizes: number[] = []
  const deliveries = coalescedDeliveries({
    deliver: async reports => void sizes.push(reports.length),
    timers: manualTimers(),
    delayMs: 200,
    log: () => undefined
  })
  for (let user = 1; user <= REPORTS_MAX + 10; user += 1) deliveries.report(...written(user, 1, user))
  await deliveries.flush()
  t.equal(sizes.length, REPORTS_MAX / limits.backendBatch)
  t.ok(sizes.every(size => size === limits.backendBatch))
})

t.test('while the api is slow reports wait, one batch under way at a time', async t => {
  const timers = manualTimers()
  const answers: (() => void)[] = []
  const calls: (readonly DeliveryReport[])[] = []
  const deliveries = coalescedDeliveries({
    deliver(reports) {
      calls.push(reports)
      return new Promise(resolve => answers.push(resolve))
    },
    timers,
    delayMs: 200,
    log: () => undefined
  })
  for (let seq = 1; seq <= 5; seq += 1) {
    deliveries.report(...written(1, seq))
    timers.advance(200)
  }
  t.same(calls, [[report([1], 1)]])

  const flushed = deliveries.flush()
  answers[0]?.()
  while (calls.length < 2) await turn()
  answers[1]?.()
  await flushed
  t.same(calls, [[report([1], 1)], [report([1], 5)]])
})

t.test('a batch that is rejected is tried once more, then dropped', async t => {
  const seen: number[] = []
  const logged: string[] = []
  const deliveries = coalescedDeliveries({
    async deliver([first]) {
      seen.push(first?.userIds[0] ?? 0)
      throw new Error('no api')
    },
    timers: manualTimers(),
    delayMs: 200,
    log: (_, what) => logged.push(what)
  })
  deliveries.report(...written(1, 1))
  await deliveries.flush()
  t.same(seen, [1, 1])
  t.equal(logged.length, 1)
  await deliveries.flush()
  t.same(seen, [1, 1])
})
