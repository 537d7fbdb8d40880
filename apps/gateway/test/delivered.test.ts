import { setImmediate as turn } from 'node:timers/promises'
import { type ConversationId, type DeliveryReport, limits, type Seq, type UserId } from '@rendezvous/contract'
import t from 'tap'
import { coalescedDeliveries, REPORTS_MAX } from '../src/deliveries.ts'
import { alice, bob, nextSeqs, openGateway, publisher, talk, toAlice, toBob } from './gateway.ts'
import { manualTimers } from './manual-timers.ts'

const report = (userId: number, seq: number, conversationId = 1) => ({
  userId: userId as UserId,
  conversationId: conversationId as ConversationId,
  seq: seq as Seq
})

t.test('in the legacy dialect delivered means written to the socket', async t => {
  const gateway = await openGateway(t)
  const client = await gateway.connectReady(alice, { legacy: true })
  await publisher(t, gateway).messages([toAlice], 1, 3)
  await nextSeqs(client, 3)
  gateway.timers.advance(200)
  t.same(await gateway.backend.whenAsked('delivered', 1), [{ userId: alice, conversationId: talk, seq: 3 }])
})

t.test('neither the sender, nor a client of our dialect, is reported', async t => {
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
  t.same(await gateway.backend.whenAsked('delivered', 1), [{ userId: alice, conversationId: talk, seq: 4 }])
})

t.test('what waited counts as delivered when a client of the legacy dialect connects', async t => {
  const gateway = await openGateway(t)
  await gateway.connectReady(bob)
  await gateway.connectReady(alice, { legacy: true })
  t.same(await gateway.backend.whenAsked('deliverWaiting', 1), [alice])
})

t.test('reports are gathered, the highest of each person and conversation', async t => {
  const timers = manualTimers()
  const calls: (readonly DeliveryReport[])[] = []
  const deliveries = coalescedDeliveries({
    deliver: async reports => void calls.push(reports),
    timers,
    delayMs: 200,
    log: () => undefined
  })
  for (const each of [report(1, 5), report(1, 7), report(1, 6), report(2, 1), report(1, 2, 9)]) deliveries.report(each)
  timers.advance(199)
  t.same(calls, [])
  timers.advance(1)
  t.same(calls, [[report(1, 7), report(2, 1), report(1, 2, 9)]])
})

t.test('many reports go out in batches, and no more than there is room for wait', async t => {
  const sizes: number[] = []
  const deliveries = coalescedDeliveries({
    deliver: async reports => void sizes.push(reports.length),
    timers: manualTimers(),
    delayMs: 200,
    log: () => undefined
  })
  for (let user = 1; user <= REPORTS_MAX + 10; user += 1) deliveries.report(report(user, 1))
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
    deliveries.report(report(1, seq))
    timers.advance(200)
  }
  t.same(calls, [[report(1, 1)]])

  const flushed = deliveries.flush()
  answers[0]?.()
  while (calls.length < 2) await turn()
  answers[1]?.()
  await flushed
  t.same(calls, [[report(1, 1)], [report(1, 5)]])
})

t.test('a batch that is rejected is tried once more, then dropped', async t => {
  const seen: number[] = []
  const logged: string[] = []
  const deliveries = coalescedDeliveries({
    async deliver([first]) {
      seen.push(first?.userId ?? 0)
      throw new Error('no api')
    },
    timers: manualTimers(),
    delayMs: 200,
    log: (_, what) => logged.push(what)
  })
  deliveries.report(report(1, 1))
  await deliveries.flush()
  t.same(seen, [1, 1])
  t.equal(logged.length, 1)
  await deliveries.flush()
  t.same(seen, [1, 1])
})
