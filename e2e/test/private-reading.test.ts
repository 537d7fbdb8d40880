import type { ConversationId, Seq, SyncAnswer, SyncRequest } from '@rendezvous/contract'
import t from 'tap'
import { startNodes } from './cluster.ts'
import { newPerson, type Person, signIn } from './person.ts'

const nodes = await startNodes(t)
const [apiOne, apiTwo] = nodes.apis
const [gatewayOne, gatewayTwo] = nodes.gateways

/** Both ways to sync, which must agree on which conversations changed. */
async function changedFor(person: Person, since: string | null) {
  const request: SyncRequest = { since }
  const overHttp = await person.http.request<SyncAnswer>('POST', '/api/v1/sync/', request)
  const socket = await person.connectV1()
  const { sync } = await socket.command({ type: 'sync', ...request })
  socket.close()
  await socket.closed
  const told = (answer: SyncAnswer | undefined) =>
    answer?.conversations.map(({ id, unread_count, read_seq }) => ({ id, unread_count, read_seq }))
  t.same(told(sync), told(overHttp), 'over HTTP and the socket')
  return { next: overHttp.next, changed: told(overHttp) }
}

t.test('who reads in private changes the conversation for his own devices, and for nobody else', async t => {
  const bob = await newPerson(apiOne, gatewayOne)
  const [ann, laptop] = [await newPerson(apiTwo, gatewayTwo), await signIn(bob.name, apiTwo, gatewayTwo)]
  const id = (await ann.http.openConversation(bob.id)).id as ConversationId
  const { seq } = await ann.http.send(id, 'have you seen this?')
  await (await bob.connect()).command({ type: 'mark_delivered', conversation_id: id, seq: seq as Seq })
  await nodes.age()
  const before = { ann: (await changedFor(ann, null)).next, bob: (await changedFor(laptop, null)).next }

  const atBob = await laptop.connect()
  await bob.http.request('POST', `/api/v1/conversations/${id}/read/`, { seq, private: true })

  t.match(await atBob.next('message_read'), { conversation_id: id, seq, private: true })
  t.match((await changedFor(laptop, before.bob)).changed, [{ id, unread_count: 0, read_seq: seq }])
  t.same((await changedFor(ann, before.ann)).changed, [])
})
