import type { EventsHeader } from '@rendezvous/cluster'
import type { DeliveryReport, Seq, UserId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import type { Client } from './client.ts'
import { emptyRoster } from './fake-backend.ts'
import { alice, bob, club, headOf, nextSeqs, openGateway, publisher, talk, toAlice, toClub } from './gateway.ts'

/** A gateway with one legacy socket for each member of the club. `say` publishes a message of Bob in the club. */
async function openLegacyClub(t: Test, members: number) {
  const gateway = await openGateway(t)
  gateway.backend.answers.roster = () => ({ ...emptyRoster, rooms: [headOf(club, 1)] })
  const userIds = Array.from({ length: members }, (_, index) => (index + 1) as UserId)
  const clients: Client[] = []
  for (const userId of userIds) clients.push(await gateway.connectReady(userId, { legacy: true }))
  const api = publisher(t, gateway)
  const say = (seq: number, facts: Partial<EventsHeader> = {}) =>
    api.publish([toClub], {
      header: {
        kind: 'events',
        stream: `conversation:${club}`,
        from: seq,
        to: seq,
        senders: [bob],
        conversation: club,
        members_seq: 1,
        ...facts
      },
      frames: [JSON.stringify({ type: 'message_created', seq, from: bob })]
    })
  return { gateway, api, userIds, clients, say }
}

/** The reports of each call. */
function deliveredCalls({ gateway }: Awaited<ReturnType<typeof openLegacyClub>>): (readonly DeliveryReport[])[] {
  return gateway.backend.calls.flatMap(call => (call.name === 'delivered' ? [call.entries] : []))
}

t.test('messages of a group make one report for all members except the sender', async t => {
  const legacyClub = await openLegacyClub(t, 10)
  const { gateway, userIds, clients, say } = legacyClub
  await say(2)
  await say(3)
  for (const client of clients) t.same(await nextSeqs(client, 2), [2, 3])

  gateway.timers.advance(200)
  await gateway.backend.whenAsked('delivered', 1)
  const others = userIds.filter(userId => userId !== bob)
  t.same(deliveredCalls(legacyClub), [[{ conversationId: club, seq: 3 as Seq, userIds: others }]])
})

t.test('members who received fewer messages get a report of their own', async t => {
  const legacyClub = await openLegacyClub(t, 4)
  const { gateway, clients, say } = legacyClub
  await say(2)
  for (const client of clients) t.same(await nextSeqs(client, 1), [2])
  clients[0]?.socket.close()
  await clients[0]?.closed
  await say(3)
  for (const client of clients.slice(1)) t.same(await nextSeqs(client, 1), [3])

  gateway.timers.advance(200)
  await gateway.backend.whenAsked('delivered', 2)
  t.same(deliveredCalls(legacyClub), [
    [
      { conversationId: club, seq: 2, userIds: [1] },
      { conversationId: club, seq: 3, userIds: [3, 4] }
    ]
  ])
})

t.test('nothing is reported for a group that is too large for receipts', async t => {
  const legacyClub = await openLegacyClub(t, 33)
  const { gateway, api, clients, say } = legacyClub
  await say(2, { receipts: false })
  for (const client of clients) t.same(await nextSeqs(client, 1), [2])
  gateway.timers.advance(200)
  await api.messages([toAlice], 1)
  await nextSeqs(clients[0] as Client, 1)
  gateway.timers.advance(200)

  await gateway.backend.whenAsked('delivered', 1)
  t.same(
    deliveredCalls(legacyClub),
    [[{ conversationId: talk, seq: 1, userIds: [alice] }]],
    'only the direct message that followed'
  )
})

t.test('messages of an older api node to a large group are reported in parts', async t => {
  const legacyClub = await openLegacyClub(t, 40)
  const { gateway, clients, say } = legacyClub
  await say(2)
  for (const client of clients) await nextSeqs(client, 1)
  gateway.timers.advance(200)
  await gateway.backend.whenAsked('delivered', 1)
  t.same(
    deliveredCalls(legacyClub).map(reports => reports.map(({ userIds }) => userIds.length)),
    [[32, 7]]
  )
})

t.test('courtesies that arrive together reach each socket as separate frames, in order', async t => {
  const { api, clients } = await openLegacyClub(t, 2)
  await api.publish([toClub], {
    header: { kind: 'courtesy', conversation: club, members_seq: 1, after: { stream: `conversation:${club}`, seq: 1 } },
    frames: [1, 2, 3].map(user_id => JSON.stringify({ type: 'message_delivered', id: 7, user_id }))
  })
  for (const client of clients) {
    for (const user_id of [1, 2, 3]) t.match(await client.next(), { type: 'message_delivered', id: 7, user_id })
  }
})
