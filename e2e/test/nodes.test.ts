import { randomUUID } from 'node:crypto'
import { CommandFailed, RequestFailed } from '@rendezvous/client'
import t from 'tap'
import { startNodes } from './cluster.ts'
import { newPerson, signIn } from './person.ts'

const nodes = await startNodes(t)
const [apiOne, apiTwo] = nodes.apis
const [gatewayOne, gatewayTwo] = nodes.gateways

/** Two people on different nodes: one asks the first api and listens at the first gateway, the other the second. */
async function apart() {
  return { ann: await newPerson(apiOne, gatewayOne), bob: await newPerson(apiTwo, gatewayTwo) }
}

t.test('a message from one node reaches the other, is delivered and read, and its sender is told', async t => {
  const { ann, bob } = await apart()
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

t.test('a second device of the same person on another node sees everything', async t => {
  const { ann, bob } = await apart()
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

t.test('a client of our dialect says itself what was delivered, and what was read', async t => {
  const { ann, bob } = await apart()
  const [atAnn, atBob] = [await ann.connectV1(), await bob.connectV1()]
  const { id: conversation_id } = await ann.http.openConversation(bob.id)
  const sent = await ann.http.send(conversation_id, 'across')
  await atBob.next('message_created')
  t.match(await ann.http.messages(conversation_id), [{ id: sent.id, status: 'sent' }])

  await atBob.command({ type: 'mark_delivered', conversation_id, seq: sent.seq })
  t.match(await atAnn.next('message_delivered'), { id: sent.id, user_id: bob.id })
  const read = await atBob.command({ type: 'mark_read', conversation_id, seq: (sent.seq + 500) as typeof sent.seq })
  t.equal(read.seq, sent.seq, 'nobody reads beyond the end')
  t.match(await atAnn.next('message_read'), { id: sent.id, user_id: bob.id })
  t.match(await ann.http.messages(conversation_id), [{ id: sent.id, status: 'read' }])
})

t.test('two nodes that write to one conversation at once give one order, the same to everybody', async t => {
  const { ann, bob } = await apart()
  const [atAnn, atBob] = [await ann.connectV1(), await bob.connectV1()]
  const { id } = await ann.http.openConversation(bob.id)
  const count = 60

  await Promise.all(Array.from({ length: count }, (_, n) => (n % 2 === 0 ? ann : bob).http.send(id, `message ${n}`)))

  for (const [name, socket] of Object.entries({ atAnn, atBob })) {
    const seen: number[] = []
    for (let n = 0; n < count; n++) seen.push((await socket.next('message_created')).seq)
    t.same(
      seen,
      Array.from({ length: count }, (_, n) => n + 2),
      `${name} sees them in order, without a gap`
    )
  }
})

t.test('a send repeated on the other node is stored once', async t => {
  const { ann, bob } = await apart()
  const { id } = await ann.http.openConversation(bob.id)
  const elsewhere = await signIn(ann.name, apiTwo)
  const clientId = randomUUID()

  const [one, two] = await Promise.all([ann.http.send(id, 'once', clientId), elsewhere.http.send(id, 'once', clientId)])

  t.equal(one.id, two.id)
  t.same([one.duplicate, two.duplicate].sort(), [false, true])
  t.equal((await bob.http.messages(id)).length, 1)
})

t.test('a socket that the other gateway holds closes when its session ends', async t => {
  const { ann } = await apart()
  const socket = await ann.connect()

  await ann.http.logout()

  t.equal((await socket.closed).code, 4501)
})

t.test('people who talk see each other across nodes', async t => {
  const { ann, bob } = await apart()
  await ann.http.openConversation(bob.id)
  const atAnn = await ann.connect()
  const atBob = await bob.connect()

  t.match(await atAnn.next('presence_update', event => event.user_id === bob.id), { online: true })
  t.ok((await atBob.next('presence_snapshot')).online_user_ids.some(id => id === ann.id))
  atBob.close()
  t.match(await atAnn.next('presence_update', event => event.user_id === bob.id), { online: false })
})

t.test("somebody else's conversation does not exist, over HTTP and on the socket", async t => {
  const { ann, bob } = await apart()
  const eve = await newPerson(apiTwo, gatewayTwo)
  const { id: conversation } = await ann.http.openConversation(bob.id)
  const atEve = await eve.connectV1()
  const absent = { code: 'not_found' }

  const refusal = await eve.http.messages(conversation).catch(error => error)
  t.ok(refusal instanceof RequestFailed)
  t.equal(refusal.status, 404)
  await t.rejects(eve.http.send(conversation, 'let me in'), absent)
  const knock = atEve.command({ type: 'send_message', conversation_id: conversation, content: 'let me in' })
  await t.rejects(knock, new CommandFailed('not_found', 'Not found.'))
})
