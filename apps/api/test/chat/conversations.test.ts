import { randomUUID } from 'node:crypto'
import t from 'tap'
import { type Person, startApi } from '../app.ts'
import { addBlock } from '../database/engines.ts'

const api = await startApi(t)
const PATH = '/api/v1/conversations/'

async function openDirect(): Promise<{ ann: Person; bob: Person; id: number }> {
  const [ann, bob] = [await api.join(), await api.join()]
  const { body } = await ann.ask('POST', PATH, { participants: [bob.id] })
  return { ann, bob, id: body.id }
}

t.test('two people have exactly one conversation, whichever of them opens it, and however often', async t => {
  const [ann, bob] = [await api.join(), await api.join()]
  const answers = await Promise.all([
    ann.ask('POST', PATH, { participants: [bob.id] }),
    bob.ask('POST', PATH, { participant_ids: [ann.id, bob.id] }),
    ann.ask('POST', PATH, { participant_id: bob.id })
  ])

  t.equal(new Set(answers.map(({ body }) => body.id)).size, 1)
  t.same(answers.map(({ status }) => status).sort(), [200, 200, 201])
  t.match(answers[0]?.body, {
    type: 'direct',
    is_group: false,
    title: null,
    participant_ids: [ann.id, bob.id],
    participants: [{ username: ann.username, online: false }, { username: bob.username }],
    last_message: null,
    unread_count: 0
  })
})

t.test('a conversation with absent or blocked people, or with nobody, is refused', async t => {
  const { ann, bob } = await openDirect()
  const [eve, carl] = [await api.join(), await api.join()]
  await addBlock(api.open.database, eve.id, ann.id)
  const unknown = (id: number) => ({ participants: [`Invalid pk "${id}" - object does not exist.`] })
  const cases: [body: object, expected: object][] = [
    [{ participants: [bob.id, carl.id, eve.id] }, unknown(eve.id)],
    [{ participants: [999_999] }, unknown(999_999)],
    [{ participants: [eve.id] }, unknown(eve.id)],
    [{ participants: [] }, { participants: ['This list may not be empty.'] }],
    [{}, { participants: ['This field is required.'] }]
  ]
  for (const [body, expected] of cases) {
    t.match(await ann.ask('POST', PATH, body), { status: 400, body: expected }, JSON.stringify(body))
  }
  const sent = await ann.ask('POST', '/messages/send/', { receiver: eve.id, content: 'x' })
  t.match(sent, { status: 400, body: { receiver: [`Invalid pk "${eve.id}" - object does not exist.`] } })
})

t.test('a person who leaves while they open a conversation gets a documented 404', async t => {
  const quick = await startApi(t, {
    ports: ({ conversations }) => ({ conversations: { ...conversations, findForMember: async () => null } })
  })
  const [ann, bob] = [await quick.join(), await quick.join()]
  t.match(await ann.ask('POST', PATH, { participants: [bob.id] }), { status: 404, body: { code: 'not_found' } })
  t.match(JSON.parse((await ann.ask('GET', '/openapi.json')).text).paths, {
    [PATH]: { post: { responses: { 404: {} } } }
  })
})

t.test('a person who left sees a conversation again once they get a message', async t => {
  const { ann, bob, id } = await openDirect()
  await ann.ask('POST', `${PATH}${id}/messages/`, { content: 'before' })

  t.match(await bob.ask('DELETE', `${PATH}${id}/leave/`), {
    status: 200,
    body: { detail: 'You left the conversation.' }
  })
  t.match(await bob.ask('DELETE', `${PATH}${id}/leave/`), { status: 404 })
  t.same((await bob.ask('GET', PATH)).body, [])
  t.match(await bob.ask('POST', `${PATH}${id}/messages/`, { content: 'x' }), { status: 404 })

  await ann.ask('POST', `${PATH}${id}/messages/`, { content: 'after' })
  t.match((await bob.ask('GET', `${PATH}${id}/messages/`)).body, [{ content: 'after' }])
})

t.test('a person who left is back in the conversation once they send a message', async t => {
  const { ann, bob, id } = await openDirect()
  await ann.ask('POST', '/messages/send/', { receiver: bob.id, content: 'before' })
  await ann.ask('POST', `${PATH}${id}/leave/`)

  const sent = await ann.ask('POST', '/messages/send/', { receiver: bob.id, content: 'again' })
  t.match(sent, { status: 201, body: { conversation: id } })
  t.match((await ann.ask('GET', `${PATH}${id}/messages/`)).body, [{ content: 'again' }])
})

t.test('in seed 2 only mark_read marks messages read, and it may be repeated', async t => {
  const { ann, bob, id } = await openDirect()
  const { body: one } = await ann.ask('POST', `${PATH}${id}/messages/`, { content: 'one' })
  const { body: two } = await ann.ask('POST', `${PATH}${id}/messages/`, { content: 'two' })

  await bob.ask('GET', `${PATH}${id}/messages/`)
  t.match((await bob.ask('GET', `${PATH}${id}/`)).body, { unread_count: 2 })
  for (const method of ['POST', 'PUT', 'PATCH'] as const) {
    const read = await bob.ask(method, `${PATH}${id}/messages/${one.id}/mark_read/`)
    const body = { id: one.id, is_read: true, is_read_by_recipient: true, status: 'read', detail: String }
    t.match(read, { status: 200, body })
  }
  t.match((await bob.ask('GET', `${PATH}${id}/`)).body, { unread_count: 1 })
  t.match((await ann.ask('GET', `${PATH}${id}/messages/`)).body, [{ status: 'read' }, { id: two.id, status: 'sent' }])
})

t.test('a repeated client_id stores one message, on both paths', async t => {
  const { ann, bob, id } = await openDirect()
  const draft = { content: 'once', client_id: randomUUID().toUpperCase() }

  const answers = [
    await ann.ask('POST', `${PATH}${id}/messages/`, draft),
    await ann.ask('POST', `${PATH}${id}/messages/`, draft),
    await ann.ask('POST', '/messages/send/', { ...draft, receiver: bob.id })
  ]
  t.same(
    answers.map(({ status, body }) => [status, body.duplicate]),
    [
      [201, false],
      [200, true],
      [200, true]
    ]
  )
  t.equal(new Set(answers.map(({ body }) => body.id)).size, 1)
  t.equal((await bob.ask('GET', `${PATH}${id}/messages/`)).body.length, 1)
})

t.test('many sends at the same time get different seqs without gaps', async t => {
  const { ann, bob, id } = await openDirect()
  const sends = Array.from({ length: 120 }, (_, n) =>
    (n % 2 ? ann : bob).ask('POST', `${PATH}${id}/messages/`, { content: `${n}` })
  )
  const seqs = (await Promise.all(sends)).map(({ body }) => body.seq).sort((a, b) => a - b)
  t.same(
    seqs,
    Array.from({ length: 120 }, (_, n) => n + 2)
  )
})

t.test('a ticket for the socket is issued with its expiry', async t => {
  const ann = await api.join()
  const { status, body } = await ann.ask('POST', '/api/v1/realtime/ticket/')
  t.equal(status, 201)
  t.match(body, { ticket: /^[\w-]{43}$/, expires_at: /^\d{4}-.*Z$/ })
})

t.test('an error has the field name that the client used', async t => {
  const { ask } = await api.join()
  const absent = ['Invalid pk "999999" - object does not exist.']

  t.match(await ask('POST', PATH, { participants: [999_999] }), { status: 400, body: { participants: absent } })
  t.match(await ask('POST', PATH, { participant_ids: [999_999] }), { status: 400, body: { participant_ids: absent } })
  t.match(await ask('POST', PATH, { user_id: 'nobody' }), { status: 400, body: { user_id: [String] } })
  t.match(await ask('POST', PATH, { participants: [1], name: 'x'.repeat(300) }), {
    status: 400,
    body: { name: [String] }
  })
  t.match(await ask('POST', '/messages/send/', { to: 999_999, text: 'hello' }), { status: 400, body: { to: absent } })
})
