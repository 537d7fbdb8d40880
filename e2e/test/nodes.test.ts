import { randomUUID } from 'node:crypto'
import { CommandFailed, RequestFailed } from '@rendezvous/client'
import t from 'tap'
import { startNodes } from './cluster.ts'
import { newPerson, signIn } from './person.ts'

const nodes = await startNodes(t)
const [apiOne, apiTwo] = nodes.apis
const [gatewayOne, gatewayTwo] = nodes.gateways

/** Two users on different nodes: Ann on the first api and gateway, Bob on the second. */
async function onDifferentNodes() {
  return { ann: await newPerson(apiOne, gatewayOne), bob: await newPerson(apiTwo, gatewayTwo) }
}

t.test('a message reaches the other node, and its sender is told of the delivery and the read', async t => {
  const { ann, bob } = await onDifferentNodes()
  const [atAnn, atBob] = [await ann.connect(), await bob.connect()]
  const { id: conversation } = await ann.http.openConversation(bob.id)

  const sent = await ann.http.send(conversation, 'across')

  t.match(await atBob.next('message_created'), { id: sent.id, from: ann.id, to: bob.id, content: 'across' })
  t.match(await atAnn.next('message_created'), { id: sent.id })
  t.match(await atAnn.next('message_delivered'), { id: sent.id })
  await bob.http.markRead(conversation, sent.id)
  t.match(await atAnn.next('message_read'), { id: sent.id, user_id: bob.id })
  t.match(await atBob.next('message_read'), { id: sent.id }, "the reader's devices clear their badge")
})

t.test('a second device of a user on another node receives every event', async t => {
  const { ann, bob } = await onDifferentNodes()
  const phone = await ann.connect()
  const laptop = await (await signIn(ann.name, apiTwo, gatewayTwo)).connect()
  const { id: conversation } = await bob.http.openConversation(ann.id)

  const ack = await phone.command({ type: 'send_message', conversation_id: conversation, content: 'from my phone' })
  await bob.connect()
  await bob.http.markRead(conversation, ack.id ?? 0)

  for (const device of [phone, laptop]) {
    t.match(await device.next('conversation_created'), { conversation_id: conversation, created_by: bob.id })
    t.match(await device.next('message_created'), { id: ack.id, content: 'from my phone' })
    t.match(await device.next('presence_update', event => event.user_id === bob.id), { online: true })
    t.match(await device.next('message_delivered'), { id: ack.id, user_id: bob.id })
    t.match(await device.next('message_read'), { id: ack.id, user_id: bob.id })
  }
})

t.test('a rendezvous.v1 client reports deliveries and reads itself', async t => {
  const { ann, bob } = await onDifferentNodes()
  const [atAnn, atBob] = [await ann.connectV1(), await bob.connectV1()]
  const { id: conversation_id } = await ann.http.openConversation(bob.id)
  const sent = await ann.http.send(conversation_id, 'across')
  await atBob.next('message_created')
  t.match(await ann.http.messages(conversation_id), [{ id: sent.id, status: 'sent' }])

  await atBob.command({ type: 'mark_delivered', conversation_id, seq: sent.seq })
  t.match(await atAnn.next('message_delivered'), { id: sent.id, user_id: bob.id })
  const read = await atBob.command({ type: 'mark_read', conversation_id, seq: (sent.seq + 500) as typeof sent.seq })
  t.equal(read.seq, sent.seq, 'a read stops at the last message')
  t.match(await atAnn.next('message_read'), { id: sent.id, user_id: bob.id })
  t.match(await ann.http.messages(conversation_id), [{ id: sent.id, status: 'read' }])
})

t.test('concurrent writes on two nodes to one conversation have one order, the same for every member', async t => {
  const { ann, bob } = await onDifferentNodes()
  const [atAnn, atBob] = [await ann.connectV1(), await bob.connectV1()]
  const { id } = await ann.http.openConversation(bob.id)
  const count = 60

  await Promise.all(Array.from({ length: count }, (_, n) => (n % 2 === 0 ? ann : bob).http.send(id, `message ${n}`)))

  for (const [name, socket] of Object.entries({ atAnn, atBob })) {
    const seqs: number[] = []
    for (let n = 0; n < count; n++) seqs.push((await socket.next('message_created')).seq)
    t.same(
      seqs,
      Array.from({ length: count }, (_, n) => n + 2),
      `${name} receives them in order, without a gap`
    )
  }
})

t.test('a send repeated on the other node is stored once', async t => {
  const { ann, bob } = await onDifferentNodes()
  const { id } = await ann.http.openConversation(bob.id)
  const elsewhere = await signIn(ann.name, apiTwo)
  const clientId = randomUUID()

  const [one, two] = await Promise.all([ann.http.send(id, 'once', clientId), elsewhere.http.send(id, 'once', clientId)])

  t.equal(one.id, two.id)
  t.same([one.duplicate, two.duplicate].sort(), [false, true])
  t.equal((await bob.http.messages(id)).length, 1)
})

t.test('a socket that the other gateway holds closes when its session ends', async t => {
  const { ann } = await onDifferentNodes()
  const socket = await ann.connect()

  await ann.http.logout()

  t.equal((await socket.closed).code, 4501)
})

t.test('the two users of a conversation see each other online across nodes', async t => {
  const { ann, bob } = await onDifferentNodes()
  await ann.http.openConversation(bob.id)
  const atAnn = await ann.connect()
  const atBob = await bob.connect()

  t.match(await atAnn.next('presence_update', event => event.user_id === bob.id), { online: true })
  t.ok((await atBob.next('presence_snapshot')).online_user_ids.some(id => id === ann.id))
  atBob.close()
  t.match(await atAnn.next('presence_update', event => event.user_id === bob.id), { online: false })
})

t.test('a conversation of others is answered as not found, over HTTP and on the socket', async t => {
  const { ann, bob } = await onDifferentNodes()
  const eve = await newPerson(apiTwo, gatewayTwo)
  const { id: conversation } = await ann.http.openConversation(bob.id)
  const atEve = await eve.connectV1()
  const absent = { code: 'not_found' }

  const refusal = await eve.http.messages(conversation).catch(error => error)
  t.ok(refusal instanceof RequestFailed)
  t.equal(refusal.status, 404)
  await t.rejects(eve.http.send(conversation, 'let me in'), absent)
  const attempt = atEve.command({ type: 'send_message', conversation_id: conversation, content: 'let me in' })
  await t.rejects(attempt, new CommandFailed('not_found', 'Not found.'))
})
