import type { ConversationId, Seq, SyncAnswer, SyncRequest } from '@rendezvous/contract'
import t from 'tap'
import { startNodes } from './cluster.ts'
import { newPerson, type Person, signIn } from './person.ts'

const nodes = await startNodes(t)
const [apiOne, apiTwo] = nodes.apis
const [gatewayOne, gatewayTwo] = nodes.gateways

/** The changed conversations since `since`. Syncs over HTTP and over the socket, which must agree. */
async function changedFor(person: Person, since: string | null) {
  const request: SyncRequest = { since }
  const overHttp = await person.http.request<SyncAnswer>('POST', '/api/v1/sync/', request)
  const socket = await person.connectV1()
  const { sync } = await socket.command({ type: 'sync', ...request })
  socket.close()
  await socket.closed
  const summary = (answer: SyncAnswer | undefined) =>
    answer?.conversations.map(({ id, unread_count, read_seq }) => ({ id, unread_count, read_seq }))
  t.same(summary(sync), summary(overHttp), 'the same over HTTP and the socket')
  return { next: overHttp.next, changed: summary(overHttp) }
}

t.test('a private read changes the conversation for the devices of its reader only', async t => {
  const bob = await newPerson(apiOne, gatewayOne)
  const [ann, laptop] = [await newPerson(apiTwo, gatewayTwo), await signIn(bob.name, apiTwo, gatewayTwo)]
  const id = (await ann.http.openConversation(bob.id)).id as ConversationId
  const { seq } = await ann.http.send(id, 'have you seen this?')
  await (await bob.connect()).command({ type: 'mark_delivered', conversation_id: id, seq: seq as Seq })
  await nodes.age()
  const before = { ann: (await changedFor(ann, null)).next, bob: (await changedFor(laptop, null)).next }

  const [atBob, legacy] = [await laptop.connectV1(), await laptop.connect()]
  await bob.http.request('POST', `/api/v1/conversations/${id}/read/`, { seq, private: true })

  t.match(await atBob.next('message_read'), { conversation_id: id, seq, private: true })
  t.match((await changedFor(laptop, before.bob)).changed, [{ id, unread_count: 0, read_seq: seq }])
  t.same((await changedFor(ann, before.ann)).changed, [])
  await legacy.command({ type: 'ping' })
  const unknown = legacy.pending.filter(({ type }) => type === 'message_read')
  t.same(unknown, [], 'clients of the first backend do not know `private`')
})
