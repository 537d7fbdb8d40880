import { limits } from '@rendezvous/contract'
import t from 'tap'
import { type Person, startApi } from './app.ts'
import { recordingBus } from './recording.ts'

const PATH = '/api/v1/conversations/'
const record = recordingBus()
const api = await startApi(t, { ports: () => ({ bus: record.bus }) })

/** Two people, their conversation, and a message of Ann's. */
async function said(content = 'helo') {
  const [ann, bob] = [await api.join(), await api.join()]
  const { body } = await ann.ask('POST', PATH, { participants: [bob.id] })
  const sent = await ann.ask('POST', `${PATH}${body.id}/messages/`, { content })
  await told()
  const messages = `${PATH}${body.id}/messages/`
  return {
    ann,
    bob,
    id: body.id,
    messages,
    message: sent.body.id,
    url: `${messages}${sent.body.id}/`,
    seq: sent.body.seq
  }
}

async function told() {
  await api.services.announcer.settle()
  return record.take()
}

t.test('a text is mended, by its sender alone, and what it was is kept', async t => {
  const { ann, bob, url, message, id } = await said()
  t.match(await ann.ask('PATCH', url, { content: 'hello', mentions: [bob.id] }), {
    status: 200,
    body: { content: 'hello', seq: 2, changed_seq: 3, mentions: [bob.id], edited_at: String }
  })
  t.match(await told(), [
    {
      topics: [`user:${ann.id}`, `user:${bob.id}`],
      header: { stream: `conversation:${id}`, from: 3 },
      frames: [{ type: 'message_edited', id: message, message_seq: 2, user_id: ann.id, content: 'hello', seq: 3 }]
    }
  ])
  await ann.ask('PATCH', url, { content: 'hello', mentions: [bob.id] })
  t.same(await told(), [], 'the same text is no change')
  t.match((await ann.ask('GET', `${url}edits/`)).body, [{ content: 'helo', seq: 3 }])
  t.match(await bob.ask('GET', `${url}edits/`), { status: 403 })
  t.match(await bob.ask('PATCH', url, { content: 'x' }), { status: 403 })
  t.match(await (await api.join()).ask('PATCH', url, { content: 'x' }), { status: 404 })
  t.match(await ann.ask('PATCH', url, { content: '  ' }), { status: 400, body: { content: [] } })
  t.match(await ann.ask('PATCH', url, { content: 'x', mentions: [999] }), { status: 400, body: { mentions: [] } })
})

t.test('a deleted message is gone, with its reactions and earlier texts', async t => {
  const { ann, bob, url, message } = await said()
  await ann.ask('PATCH', url, { content: 'hello' })
  await bob.ask('PUT', `${url}reactions/👍/`)
  await bob.ask('PUT', `${url}pin/`)
  await told()
  t.match(await bob.ask('DELETE', url), { status: 403 })
  t.match(await ann.ask('DELETE', url), { status: 204 })
  t.match(await told(), [{ frames: [{ type: 'message_deleted', id: message, message_seq: 2, seq: 6 }] }])
  for (const path of [url, `${url}edits/`, `${url}reactions/`]) t.match(await ann.ask('GET', path), { status: 404 })
  const kept = await api.open.database.query<{ n: number }>({
    name: 'test_kept',
    text: 'SELECT ((SELECT count(*) FROM reaction) + (SELECT count(*) FROM message_edit))::int AS n'
  })
  t.match(kept, [{ n: 1 }], 'only what another test left')
  t.match(await ann.ask('DELETE', url), { status: 404 })
})

t.test('of many texts the first is kept, and the newest', async t => {
  const { ann, url } = await said()
  for (let n = 1; n <= limits.edits + 1; n += 1) await ann.ask('PATCH', url, { content: `text ${n}` })
  const { body } = await ann.ask('GET', `${url}edits/`)
  const texts: string[] = body.map(({ content }: { content: string }) => content)

  t.equal(texts.length, limits.edits)
  t.same(
    ['helo', 'text 1', 'text 2', `text ${limits.edits}`].map(text => texts.includes(text)),
    [true, false, true, true]
  )
  await told()
})

t.test('reactions are counted, once for each person and emoji', async t => {
  const { ann, bob, url, message } = await said()
  t.match(await ann.ask('PUT', `${url}reactions/👍/`), {
    status: 200,
    body: { reactions: [{ emoji: '👍', count: 1, mine: true }] }
  })
  await ann.ask('PUT', `${url}reactions/👍/`)
  const both = await bob.ask('PUT', `${url}reactions/${encodeURIComponent('👍')}/`)
  t.match(both.body, { reactions: [{ emoji: '👍', count: 2, mine: true }], changed_seq: 4 })
  await bob.ask('PUT', `${url}reactions/:party:/`)
  t.match(await told(), [
    { frames: [{ type: 'reaction_added', id: message, user_id: ann.id, emoji: '👍', seq: 3 }] },
    { frames: [{ type: 'reaction_added', user_id: bob.id, seq: 4 }] },
    { frames: [{ emoji: ':party:' }] }
  ])
  const first = await ann.ask('GET', `${url}reactions/?limit=2`)
  const rest = await ann.ask('GET', first.body.next)
  t.match(
    [...first.body.results, ...rest.body.results],
    [
      { user_id: bob.id, emoji: ':party:' },
      { user_id: ann.id, emoji: '👍' },
      { user_id: bob.id, emoji: '👍' }
    ]
  )
  t.match(await bob.ask('DELETE', `${url}reactions/👍/`), { status: 204 })
  t.match(await bob.ask('DELETE', `${url}reactions/👍/`), { status: 204 }, 'again: nothing to do')
  t.match((await bob.ask('GET', url)).body.reactions, [
    { emoji: ':party:', count: 1, mine: true },
    { emoji: '👍', count: 1, mine: false }
  ])
  for (let n = 0; n < 18; n += 1) await ann.ask('PUT', `${url}reactions/e${n}/`)
  t.match(await ann.ask('PUT', `${url}reactions/one-too-many/`), { status: 400, body: { emoji: [] } })
  t.match(await ann.ask('PUT', `${url}reactions/${'x'.repeat(33)}/`), { status: 404 })
  t.match(await ann.ask('PUT', `${url}reactions/a%20b/`), { status: 404 })
})

t.test('a reply names its message, and only one that its sender can see', async t => {
  const { ann, bob, messages, message } = await said()
  const reply = await bob.ask('POST', messages, { content: 'yes', reply_to: message })
  t.match(reply, { status: 201, body: { reply_to: message } })
  t.match((await told())[0], { frames: [{ type: 'message_created', reply_to: message }] })
  t.match((await ann.ask('GET', messages)).body, [{ reply_to: null }, { reply_to: message }])
  t.match(await ann.ask('POST', messages, { content: 'x', reply_to: 4_711 }), { status: 400, body: { reply_to: [] } })
  const other = await said()
  t.match(await ann.ask('POST', messages, { content: 'x', reply_to: other.message }), { status: 400 })
  t.match(await ann.ask('POST', messages, { content: 'x', mentions: [other.bob.id] }), {
    status: 400,
    body: { mentions: [] }
  })
})

t.test('pins are listed, the last first', async t => {
  const { ann, bob, messages, url, id, message } = await said()
  const second = await bob.ask('POST', messages, { content: 'second' })
  t.match(await ann.ask('PUT', `${url}pin/`), { status: 200, body: { pinned_at: String } })
  t.match(await bob.ask('PUT', `${messages}${second.body.id}/pin/`), { status: 200 })
  t.match((await ann.ask('GET', `${PATH}${id}/pins/`)).body, [{ id: second.body.id }, { id: message }])
  t.match(await ann.ask('DELETE', `${messages}${second.body.id}/pin/`), { status: 204 })
  t.match((await ann.ask('GET', `${PATH}${id}/pins/`)).body, [{ id: message }])
  t.match(await (await api.join()).ask('GET', `${PATH}${id}/pins/`), { status: 404 })
})

t.test('reading in private clears my badge and tells nobody else', async t => {
  const { ann, bob, id, seq } = await said()
  t.match((await bob.ask('GET', `${PATH}${id}/`)).body, { unread_count: 1 })
  t.match(await bob.ask('POST', `${PATH}${id}/read/`, { seq, private: true }), { status: 204 })
  t.match((await bob.ask('GET', `${PATH}${id}/`)).body, { unread_count: 0, read_seq: seq })
  t.match(await told(), [{ topics: [`user:${bob.id}`], frames: [{ type: 'message_read', private: true }] }])
  t.match((await ann.ask('GET', `${PATH}${id}/messages/`)).body, [{ status: 'sent' }])
  t.match((await ann.ask('GET', `${PATH}${id}/`)).body.receipts, [{ user_id: bob.id, delivered_seq: 0, read_seq: 0 }])

  t.match(await bob.ask('POST', `${PATH}${id}/read/`, { seq }), { status: 204 })
  t.match((await ann.ask('GET', `${PATH}${id}/messages/`)).body, [{ status: 'read' }])
})

t.test('who left a conversation of two hears nothing of what changes there, and what is read', async t => {
  const { ann, bob, id, messages, url } = await said()
  const { body: his } = await bob.ask('POST', messages, { content: 'bye' })
  await bob.ask('POST', `${PATH}${id}/leave/`)
  await told()
  await ann.ask('PATCH', url, { content: 'hello' })
  await ann.ask('PUT', `${url}pin/`)
  await ann.ask('POST', `${PATH}${id}/read/`, { seq: his.seq })
  t.same(
    (await told()).flatMap(({ topics, frames }) => frames.map(frame => [frame.type, ...topics])),
    ['message_edited', 'message_pinned', 'message_read'].map(type => [type, `user:${ann.id}`])
  )
  t.match((await ann.ask('GET', `${PATH}${id}/`)).body, { unread_count: 0, read_seq: his.seq })
})

t.test('over the socket it is the same', async t => {
  const { ann, bob, id, message } = await said()
  const run = async (by: Person, command: object) => {
    const claims = await api.services.sessions.authenticate(by.access)
    return (await api.services.backend.execute([{ claims, command: command as never }]))[0]
  }
  const which = { conversation_id: id, id: message }
  t.match(await run(ann, { type: 'edit_message', ...which, content: 'hello' }), { ok: true, result: { seq: 3 } })
  t.match(await run(bob, { type: 'add_reaction', ...which, emoji: '👍' }), { ok: true, result: { seq: 4 } })
  t.match(await run(bob, { type: 'add_reaction', ...which, emoji: '👍' }), { ok: true, result: { id: message } })
  t.match(await run(bob, { type: 'remove_reaction', ...which, emoji: '👍' }), { ok: true, result: { seq: 5 } })
  t.match(await run(bob, { type: 'delete_message', ...which }), { ok: false, code: 'permission_denied' })
  t.match(await run(ann, { type: 'delete_message', ...which }), { ok: true, result: { seq: 6 } })
  t.match(await run(bob, { type: 'typing', conversation_id: id, is_typing: true }), { ok: true })
})
