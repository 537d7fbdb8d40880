import { randomUUID } from 'node:crypto'
import { type ConversationId, inProcess, type MessageId, type Seq } from '@rendezvous/contract'
import t from 'tap'
import { startApi } from '../app.ts'
import { recordingBus } from '../recording.ts'
import { backendSuite, claimsOf } from './backend-suite.ts'
import { executed } from './executed.ts'

const record = recordingBus()
const api = await startApi(t, { ports: () => ({ bus: record.bus }) })
const { backend, announcer } = api.services

/** Waits until everything is published, then answers the type and topics of each event since the last call. */
async function told() {
  await announcer.settle()
  return record.take().flatMap(({ topics, frames }) => frames.map(frame => [frame.type, ...topics]))
}

async function couple() {
  const [ann, bob] = [await api.join(), await api.join()]
  const { body } = await ann.ask('POST', '/messages/send/', { receiver: bob.id, content: 'hello' })
  await told()
  return { ann, bob, first: body, id: body.conversation as ConversationId }
}

t.test('an api node keeps the promises of Backend', t => backendSuite(t, async (_, { services }) => services.backend))
t.test('it keeps them over the wire', t => backendSuite(t, async (_, node) => inProcess(node.services.backend)))

t.test('a message is marked read by its id alone, and typing may name the other person instead', async t => {
  const { ann, bob, first, id } = await couple()
  const eve = await api.join()
  const [b, e] = [claimsOf(api, bob), claimsOf(api, eve)]
  await told()
  const read = { type: 'message_read', id: first.id as MessageId } as const

  const type = { type: 'typing', to: ann.id, is_typing: true }
  const position = { id: first.id, conversation_id: id, seq: 2 }
  t.match(await executed(backend, b, read, { ...read, type: 'read_ack' }, type), [
    { ok: true, result: position },
    { ok: true, result: position },
    { ok: true, result: { conversation_id: id } }
  ])
  t.match(await executed(backend, e, read, type), [
    { ok: false, code: 'not_found' },
    { ok: false, code: 'not_found' }
  ])
  t.same((await told()).sort(), [
    ['message_delivered', `user:${ann.id}`],
    ['message_read', `user:${ann.id}`, `user:${bob.id}`],
    ['typing', `user:${ann.id}`]
  ])
})

t.test('a command is answered with unavailable while the database cannot be reached', async t => {
  const failing = (error: Error) => async () => {
    throw error
  }
  for (const [error, code] of [
    [Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'unavailable'],
    [new Error('a bug'), 'internal']
  ] as const) {
    const other = await startApi(t, {
      ports: ({ messages }) => ({ messages: { ...messages, tryAppend: failing(error) } })
    })
    const { access } = await other.join()
    const claims = await other.services.sessions.authenticate(access)
    const send = { type: 'send_message', content: 'x', client_id: randomUUID(), conversation_id: 1 }
    t.match(await executed(other.services.backend, claims, send), [{ ok: false, code }])
  }
})

t.test('each receipt is told once, delivered before read', async t => {
  const { ann, bob, id } = await couple()
  const report = { userIds: [bob.id], conversationId: id, seq: 2 as Seq }
  await Promise.all([backend.delivered([report, report]), backend.delivered([{ ...report, userIds: [ann.id] }])])
  await backend.delivered([report])
  t.same(await told(), [['message_delivered', `user:${ann.id}`]])

  await bob.ask('GET', `/messages/?with=${ann.id}`)
  await bob.ask('GET', `/messages/?with=${ann.id}`)
  t.same(await told(), [['message_read', `user:${ann.id}`, `user:${bob.id}`]])
})

t.test('waiting messages count as delivered when the receiver connects', async t => {
  const { ann, bob, id } = await couple()
  await ann.ask('POST', '/messages/send/', { receiver: bob.id, content: 'more' })
  await told()

  await backend.deliverWaiting([bob.id])
  const delivered = ['message_delivered', `user:${ann.id}`]
  t.same(await told(), [delivered, delivered])
  const seen = await ann.ask('GET', `/api/v1/conversations/${id}/messages/`)
  t.match(seen.body, [{ status: 'delivered' }, { status: 'delivered' }])
})

t.test("a presence change is stored, and told to contacts and the user's own devices", async t => {
  const { ann, bob } = await couple()
  const at = Date.now() + 60_000
  await backend.presenceChanged([{ userId: ann.id, online: false, at }])

  t.same(await told(), [['presence_update', `user:${ann.id}`, `user:${bob.id}`]])
  const { body } = await bob.ask('GET', `/users/${ann.id}/`)
  t.match(body, { online: false, last_seen: new Date(at).toISOString().replace('Z', '000Z') })
})

t.test('a user reported offline after they came back is not told as offline', async t => {
  const { ann } = await couple()
  await api.presence.arrive(ann.id)

  await backend.presenceChanged([{ userId: ann.id, online: false, at: Date.now() }])

  t.same(await told(), [])
})

t.test('a declared status is told once', async t => {
  const { ann, bob } = await couple()
  const declare = (is_online: boolean) => ann.ask('POST', '/api/v1/auth/update-status/', { is_online })
  t.match(await declare(true), { status: 200, body: { is_online: true, status: 'online' } })
  await declare(true)
  t.same(await told(), [['presence_update', `user:${ann.id}`, `user:${bob.id}`]])
  t.match((await bob.ask('GET', `/users/${ann.id}/`)).body, { online: true })
  t.match(await declare(false), { body: { online: false } })
})

t.test('members who were connected get every event once and in order', async t => {
  const { ann, bob, id } = await couple()
  await Promise.all(
    Array.from({ length: 60 }, (_, n) =>
      (n % 2 ? ann : bob).ask('POST', `/api/v1/conversations/${id}/messages/`, { content: `${n}` })
    )
  )
  await announcer.settle()

  const seqs = record.take().flatMap(({ frames }) => frames.map(({ seq }) => seq))
  t.same(
    seqs,
    Array.from({ length: 60 }, (_, n) => n + 3)
  )
  t.same(api.warnings, [])
})
