import { randomUUID } from 'node:crypto'
import t from 'tap'
import type { Person } from '../app.ts'
import { executed } from '../gateways/executed.ts'
import { startGroupApi } from './group-api.ts'

const { api, group, published } = await startGroupApi(t)

/** The answer to a socket command of `by`. The gateway gives it a `client_id` if it has none. */
async function run(by: Person, command: { readonly type: string; readonly [field: string]: unknown }) {
  const claims = await api.services.sessions.authenticate(by.access)
  const key = command.type === 'send_message' ? { client_id: randomUUID() } : {}
  return (await executed(api.services.backend, claims, { ...key, ...command }))[0]
}

t.test('a reply to a deleted message is stored, and shows that the original is gone', async t => {
  const { ann, bob, url, id } = await group()
  const messages = `${url}messages/`
  const { body: original } = await ann.ask('POST', messages, { content: 'original' })
  const { body: early } = await bob.ask('POST', messages, { content: 'early', reply_to: original.id })
  t.match(early, { reply_to: original.id, reply_to_deleted: false })
  await ann.ask('DELETE', `${messages}${original.id}/`)
  await published()

  const late = await bob.ask('POST', messages, { content: 'late', reply_to: original.id })
  t.match(late, { status: 201, body: { reply_to: original.id, reply_to_deleted: true, content: 'late' } })
  t.match(await published(), [{ frames: [{ type: 'message_created', reply_to: original.id, reply_to_deleted: true }] }])
  t.match((await ann.ask('GET', messages)).body, [
    { content: 'early', reply_to: original.id, reply_to_deleted: true },
    { content: 'late', reply_to: original.id, reply_to_deleted: true }
  ])
  t.match(await run(bob, { type: 'send_message', conversation_id: id, content: 'x', reply_to: original.id }), {
    ok: true,
    result: { reply_to_deleted: true }
  })
  t.match(await bob.ask('POST', messages, { content: 'x', reply_to: 4_711 }), {
    status: 400,
    body: { reply_to: [String] }
  })
})

t.test('a mention of a person who left is dropped, and the answer says so', async t => {
  const { ann, bob, carl, url, id } = await group()
  const messages = `${url}messages/`
  await carl.ask('POST', `${url}leave/`)
  await published()
  const client_id = randomUUID()
  const mentions = [bob.id, carl.id]

  const sent = await ann.ask('POST', messages, { content: 'hello', client_id, mentions })
  const stored = { mentions: [bob.id], dropped_mentions: [carl.id] }
  t.match(sent, { status: 201, body: stored })
  t.match(await published(), [{ frames: [{ type: 'message_created', mentions: [bob.id] }] }])
  const again = await ann.ask('POST', messages, { content: 'hello', client_id, mentions })
  t.match(again, { status: 200, body: { ...stored, duplicate: true } })
  const command = { type: 'send_message', conversation_id: id, content: 'x', mentions }
  t.match(await run(ann, command), { ok: true, result: { dropped_mentions: [carl.id] } })
  const plain = await run(ann, { ...command, mentions: [bob.id] })
  t.notOk(plain?.ok && 'dropped_mentions' in plain.result)

  const stranger = await api.join()
  t.match(await ann.ask('POST', messages, { content: 'x', mentions: [carl.id, stranger.id] }), {
    status: 400,
    body: { mentions: [String] }
  })
})

t.test('an edit drops such a mention too', async t => {
  const { ann, bob, carl, url, id } = await group()
  const { body: message } = await ann.ask('POST', `${url}messages/`, { content: 'helo', mentions: [carl.id] })
  await carl.ask('POST', `${url}leave/`)
  await published()

  const mentions = [carl.id, bob.id]
  const edited = await ann.ask('PATCH', `${url}messages/${message.id}/`, { content: 'hello', mentions })
  t.match(edited, { status: 200, body: { content: 'hello', mentions: [bob.id], dropped_mentions: [carl.id] } })
  t.match(await published(), [{ frames: [{ type: 'message_edited', mentions: [bob.id] }] }])
  const command = {
    type: 'edit_message',
    conversation_id: id,
    id: message.id,
    content: 'hello!',
    mentions
  }
  t.match(await run(ann, command), { ok: true, result: { dropped_mentions: [carl.id] } })
  const stranger = await api.join()
  t.match(await ann.ask('PATCH', `${url}messages/${message.id}/`, { content: 'x', mentions: [stranger.id] }), {
    status: 400,
    body: { mentions: [String] }
  })
})

t.test('a retry of a deleted message says that it was deleted, and holds no text', async t => {
  const { ann, bob, url, id } = await group()
  const messages = `${url}messages/`
  const draft = { content: 'a secret', client_id: randomUUID(), mentions: [bob.id] }
  const { body: sent } = await ann.ask('POST', messages, draft)
  t.match(sent, { deleted: false, duplicate: false })
  await ann.ask('DELETE', `${messages}${sent.id}/`)

  const retry = await ann.ask('POST', messages, draft)
  const gone = { id: sent.id, seq: sent.seq, duplicate: true, deleted: true, content: '', mentions: [] }
  t.match(retry, { status: 200, body: gone })
  const answer = await run(ann, { type: 'send_message', conversation_id: id, ...draft })
  t.match(answer, { ok: true, result: { id: sent.id, duplicate: true, deleted: true } })
  t.match(
    await bob.ask('POST', messages, draft),
    { status: 201, body: { deleted: false } },
    'it was the key of Ann alone'
  )
})

t.test('a client_id comes back as it was sent, and its spellings are one key', async t => {
  const { ann, bob, url, id } = await group()
  const messages = `${url}messages/`
  const client_id = randomUUID().toUpperCase()
  const lower = client_id.toLowerCase()

  const { body: sent } = await ann.ask('POST', messages, { content: 'hello', client_id })
  t.match(sent, { client_id })
  t.match(await published(), [{ frames: [{ type: 'message_created', client_id }] }])
  t.match((await bob.ask('GET', messages)).body, [{ client_id }])
  t.match(await ann.ask('POST', messages, { content: 'hello', client_id: lower }), {
    status: 200,
    body: { id: sent.id, client_id: lower, duplicate: true }
  })
  await ann.ask('PATCH', `${messages}${sent.id}/`, { content: 'edited' })
  t.match((await bob.ask('GET', messages)).body, [{ content: 'edited', client_id, mentions: [] }])
  await ann.ask('PATCH', `${messages}${sent.id}/`, { content: 'edited', mentions: [bob.id] })
  t.match((await bob.ask('GET', messages)).body, [{ client_id, mentions: [bob.id] }])

  const other = randomUUID().toUpperCase()
  const command = { type: 'send_message', conversation_id: id, content: 'x', client_id: other }
  t.match(await run(ann, command), { ok: true, result: { client_id: other, duplicate: false } })
  t.match(await run(ann, command), { ok: true, result: { client_id: other, duplicate: true } })
  await ann.ask('DELETE', `${messages}${sent.id}/`)
  t.match(await ann.ask('POST', messages, { content: 'hello', client_id }), { body: { client_id, deleted: true } })
})
