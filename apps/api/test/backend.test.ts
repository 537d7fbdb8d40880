import { randomUUID } from 'node:crypto'
import type { Claims, Command, ConversationId, MessageId, Seq } from '@rendezvous/contract'
import t from 'tap'
import { type Person, startApi } from './app.ts'
import { recordingBus } from './recording.ts'

const record = recordingBus()
const api = await startApi(t, { ports: () => ({ bus: record.bus }) })
const { backend, announcer } = api.services

function claimsOf({ access }: Person): Claims {
  const verified = api.tokens.verifyAccess(access)
  if (!verified.ok) throw new Error(verified.reason)
  return verified.claims
}

/** What was published, by type and topics, once everything is. */
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

const send = (content: string, where: object, client_id = randomUUID()) =>
  ({ type: 'send_message', content, client_id, ...where }) as Exclude<Command, { type: 'ping' }>

t.test('commands are carried out, and one that is refused leaves its neighbours alone', async t => {
  const { ann, bob, id } = await couple()
  const eve = await api.join()
  const [a, b, e] = [claimsOf(ann), claimsOf(bob), claimsOf(eve)]
  const twice = send('twice', { to: bob.id })

  const results = await backend.execute([
    { claims: a, command: send('one', { conversation_id: id }) },
    { claims: e, command: send('x', { conversation_id: id }) },
    { claims: b, command: send('\u200b', { to: ann.id }) },
    { claims: a, command: send('x', {}) },
    { claims: b, command: { type: 'mark_read', conversation_id: id, seq: 2 as Seq } },
    { claims: e, command: { type: 'mark_delivered', conversation_id: id, seq: 2 as Seq } }
  ])
  t.match(results, [
    { ok: true, result: { conversation_id: id, duplicate: false, seq: 3 } },
    { ok: false, code: 'not_found' },
    { ok: false, code: 'invalid', fields: { content: ['This field may not be blank.'] } },
    { ok: false, code: 'invalid' },
    { ok: true, result: { conversation_id: id, seq: 2 } },
    { ok: false, code: 'not_found' }
  ])

  const [first] = await backend.execute([{ claims: a, command: twice }])
  const [second] = await backend.execute([{ claims: a, command: twice }])
  t.match([first, second], [{ result: { duplicate: false } }, { result: { duplicate: true } }])
  t.same(first?.ok && first.result.id, second?.ok && second.result.id)
})

t.test('who knows a message by its id alone says that he read it, and he types to whom he talks with', async t => {
  const { ann, bob, first, id } = await couple()
  const eve = await api.join()
  const [b, e] = [claimsOf(bob), claimsOf(eve)]
  await told()
  const read = { type: 'message_read', id: first.id as MessageId } as const

  const results = await backend.execute([
    { claims: b, command: read },
    { claims: b, command: { ...read, type: 'read_ack' } },
    { claims: e, command: read },
    { claims: b, command: { type: 'typing', to: ann.id, is_typing: true } },
    { claims: e, command: { type: 'typing', to: ann.id, is_typing: true } }
  ])

  const position = { id: first.id, conversation_id: id, seq: 2 }
  t.match(results, [
    { ok: true, result: position },
    { ok: true, result: position },
    { ok: false, code: 'not_found' },
    { ok: true, result: { conversation_id: id } },
    { ok: false, code: 'not_found' }
  ])
  t.same((await told()).sort(), [
    ['message_delivered', `user:${ann.id}`],
    ['message_read', `user:${ann.id}`, `user:${bob.id}`],
    ['typing', `user:${ann.id}`]
  ])
})

t.test('a command that the database is not there for is unavailable, and worth another try', async t => {
  const failing = (error: Error) => async () => {
    throw error
  }
  for (const [error, code] of [
    [Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'unavailable'],
    [new Error('a bug'), 'internal']
  ] as const) {
    const other = await startApi(t, {
      ports: ({ messages }) => ({ messages: { ...messages, append: failing(error) } })
    })
    const { access } = await other.join()
    const claims = await other.services.sessions.authenticate(access)
    const command = send('x', { conversation_id: 1 })
    t.match(await other.services.backend.execute([{ claims, command }]), [{ ok: false, code }])
  }
})

t.test('who logged out commands nothing', async t => {
  const { ann, id } = await couple()
  const claims = claimsOf(ann)
  await ann.ask('POST', '/api/v1/auth/logout/')

  t.same(await backend.alive([claims]), [false])
  t.match(await backend.execute([{ claims, command: send('x', { conversation_id: id }) }]), [
    { ok: false, code: 'token_not_valid' }
  ])
  t.match(await backend.roster([claims]), [{ alive: false }])
  t.same(await told(), [['session_ended', `user:${ann.id}`]])
})

t.test('a roster names the contacts', async t => {
  const { ann, bob } = await couple()
  const eve = await api.join()
  t.match(await backend.roster([claimsOf(ann), claimsOf(eve)]), [
    { alive: true, rooms: [], contacts: [bob.id], head: 1 },
    { alive: true, contacts: [] }
  ])
})

t.test('what people may have missed is answered under the place of each', async t => {
  const { ann, bob, id } = await couple()
  const eve = await api.join()
  const questions = [ann, eve, bob].map(({ id: userId }) => ({ userId, deafMs: 0 }))
  const talk = [{ conversationId: id, headSeq: 2, receipts: false }]
  t.same(await backend.missed(questions), [talk, [], talk])
})

t.test('each receipt is told once, read after delivered', async t => {
  const { ann, bob, id } = await couple()
  const report = { userId: bob.id, conversationId: id, seq: 2 as Seq }
  await Promise.all([backend.delivered([report, report]), backend.delivered([{ ...report, userId: ann.id }])])
  await backend.delivered([report])
  t.same(await told(), [['message_delivered', `user:${ann.id}`]])

  await bob.ask('GET', `/messages/?with=${ann.id}`)
  await bob.ask('GET', `/messages/?with=${ann.id}`)
  t.same(await told(), [['message_read', `user:${ann.id}`, `user:${bob.id}`]])
})

t.test('what waited counts as delivered when the receiver comes', async t => {
  const { ann, bob, id } = await couple()
  await ann.ask('POST', '/messages/send/', { receiver: bob.id, content: 'more' })
  await told()

  await backend.deliverWaiting([bob.id])
  const delivered = ['message_delivered', `user:${ann.id}`]
  t.same(await told(), [delivered, delivered])
  const seen = await ann.ask('GET', `/api/v1/conversations/${id}/messages/`)
  t.match(seen.body, [{ status: 'delivered' }, { status: 'delivered' }])
})

t.test('presence is stored, and told to contacts and own devices', async t => {
  const { ann, bob } = await couple()
  const at = Date.now() + 60_000
  await backend.presenceChanged([{ userId: ann.id, online: false, at }])

  t.same(await told(), [['presence_update', `user:${ann.id}`, `user:${bob.id}`]])
  const { body } = await bob.ask('GET', `/users/${ann.id}/`)
  t.match(body, { online: false, last_seen: new Date(at).toISOString().replace('Z', '000Z') })
})

t.test('a departure reported after its person came back is not told, since it would stick', async t => {
  const { ann } = await couple()
  await api.presence.arrive(ann.id)

  await backend.presenceChanged([{ userId: ann.id, online: false, at: Date.now() }])

  t.same(await told(), [])
})

t.test('a status that is declared turns presence once', async t => {
  const { ann, bob } = await couple()
  const declare = (is_online: boolean) => ann.ask('POST', '/api/v1/auth/update-status/', { is_online })
  t.match(await declare(true), { status: 200, body: { is_online: true, status: 'online' } })
  await declare(true)
  t.same(await told(), [['presence_update', `user:${ann.id}`, `user:${bob.id}`]])
  t.match((await bob.ask('GET', `/users/${ann.id}/`)).body, { online: true })
  t.match(await declare(false), { body: { online: false } })
})

t.test('no event is lost, doubled or out of place to who was there', async t => {
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
