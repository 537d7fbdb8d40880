import { limits } from '@rendezvous/contract'
import t from 'tap'
import { type Person, startApi } from '../app.ts'
import { executed } from '../gateways/executed.ts'
import { recordingBus } from '../recording.ts'

const PATH = '/api/v1/conversations/'
const record = recordingBus()
const api = await startApi(t, { ports: () => ({ bus: record.bus }) })

/** Ann and Bob, their conversation, and a message that Ann sent. */
async function sendMessage(content = 'helo') {
  const [ann, bob] = [await api.join(), await api.join()]
  const { body } = await ann.ask('POST', PATH, { participants: [bob.id] })
  const sent = await ann.ask('POST', `${PATH}${body.id}/messages/`, { content })
  await published()
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

/** The envelopes that were published since the last call. */
async function published() {
  await api.services.announcer.settle()
  return record.take()
}

t.test('only the sender edits a message, and earlier texts are kept', async t => {
  const { ann, bob, url, message, id } = await sendMessage()
  t.match(await ann.ask('PATCH', url, { content: 'hello', mentions: [bob.id] }), {
    status: 200,
    body: { content: 'hello', seq: 2, changed_seq: 3, mentions: [bob.id], edited_at: String }
  })
  t.match(await published(), [
    {
      topics: [`user:${ann.id}`, `user:${bob.id}`],
      header: { stream: `conversation:${id}`, from: 3 },
      frames: [{ type: 'message_edited', id: message, message_seq: 2, user_id: ann.id, content: 'hello', seq: 3 }]
    }
  ])
  await ann.ask('PATCH', url, { content: 'hello', mentions: [bob.id] })
  t.same(await published(), [], 'the same text changes nothing')
  t.match((await ann.ask('GET', `${url}edits/`)).body, [{ content: 'helo', seq: 3 }])
  t.match(await bob.ask('GET', `${url}edits/`), { status: 403 })
  t.match(await bob.ask('PATCH', url, { content: 'x' }), { status: 403 })
  t.match(await (await api.join()).ask('PATCH', url, { content: 'x' }), { status: 404 })
  t.match(await ann.ask('PATCH', url, { content: '  ' }), { status: 400, body: { content: [String] } })
  t.match(await ann.ask('PATCH', url, { content: 'x', mentions: [999] }), { status: 400, body: { mentions: [String] } })
})

t.test('a deleted message is removed with its reactions and earlier texts', async t => {
  const { ann, bob, url, message } = await sendMessage()
  await ann.ask('PATCH', url, { content: 'hello' })
  await bob.ask('PUT', `${url}reactions/👍/`)
  await bob.ask('PUT', `${url}pin/`)
  await published()
  t.match(await bob.ask('DELETE', url), { status: 403 })
  t.match(await ann.ask('DELETE', url), { status: 204 })
  t.match(await published(), [{ frames: [{ type: 'message_deleted', id: message, message_seq: 2, seq: 6 }] }])
  for (const path of [url, `${url}edits/`, `${url}reactions/`]) t.match(await ann.ask('GET', path), { status: 404 })
  const kept = await api.open.database.query<{ n: number }>({
    name: 'test_kept',
    text: 'SELECT ((SELECT count(*) FROM reaction) + (SELECT count(*) FROM message_edit))::int AS n'
  })
  t.match(kept, [{ n: 1 }], 'only the row of another test remains')
  t.match(await ann.ask('DELETE', url), { status: 404 })
})

t.test('of many earlier texts the first and the newest are kept', async t => {
  const { ann, url } = await sendMessage()
  for (let n = 1; n <= limits.edits + 1; n += 1) await ann.ask('PATCH', url, { content: `text ${n}` })
  const { body } = await ann.ask('GET', `${url}edits/`)
  const texts: string[] = body.map(({ content }: { content: string }) => content)

  t.equal(texts.length, limits.edits)
  t.same(
    ['helo', 'text 1', 'text 2', `text ${limits.edits}`].map(text => texts.includes(text)),
    [true, false, true, true]
  )
  await published()
})

t.test('a reaction counts once for each person and emoji', async t => {
  const { ann, bob, url, message } = await sendMessage()
  t.match(await ann.ask('PUT', `${url}reactions/👍/`), {
    status: 200,
    body: { reactions: [{ emoji: '👍', count: 1, mine: true }] }
  })
  await ann.ask('PUT', `${url}reactions/👍/`)
  const both = await bob.ask('PUT', `${url}reactions/${encodeURIComponent('👍')}/`)
  t.match(both.body, { reactions: [{ emoji: '👍', count: 2, mine: true }], changed_seq: 4 })
  await bob.ask('PUT', `${url}reactions/:party:/`)
  t.match(await published(), [
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
  t.match(await bob.ask('DELETE', `${url}reactions/👍/`), { status: 204 }, 'a repetition changes nothing')
  t.match((await bob.ask('GET', url)).body.reactions, [
    { emoji: ':party:', count: 1, mine: true },
    { emoji: '👍', count: 1, mine: false }
  ])
  for (let n = 0; n < 18; n += 1) await ann.ask('PUT', `${url}reactions/e${n}/`)
  t.match(await ann.ask('PUT', `${url}reactions/one-too-many/`), { status: 400, body: { emoji: [String] } })
  t.match(await ann.ask('PUT', `${url}reactions/${'x'.repeat(33)}/`), { status: 404 })
  t.match(await ann.ask('PUT', `${url}reactions/a%20b/`), { status: 404 })
})

t.test('an emoji with and without a variation selector is one reaction, spelled as it was first', async t => {
  const { ann, bob, url } = await sendMessage()
  await ann.ask('PUT', `${url}reactions/${encodeURIComponent('\u2764\uFE0F')}/`)
  await published()
  t.match((await bob.ask('PUT', `${url}reactions/\u2764/`)).body.reactions, [
    { emoji: '\u2764\uFE0F', count: 2, mine: true }
  ])
  t.match(await published(), [{ frames: [{ type: 'reaction_added', emoji: '\u2764\uFE0F' }] }])
  await bob.ask('PUT', `${url}reactions/${encodeURIComponent('\u2764\uFE0E')}/`)
  t.same(await published(), [], 'a repetition in another spelling changes nothing')

  await ann.ask('DELETE', `${url}reactions/\u2764/`)
  t.match(await published(), [{ frames: [{ type: 'reaction_removed', emoji: '\u2764\uFE0F' }] }])
  await bob.ask('DELETE', `${url}reactions/${encodeURIComponent('\u2764\uFE0E')}/`)
  t.same((await bob.ask('GET', url)).body.reactions, [])
})

t.test(
  'two spellings that an earlier release stored are shown as one reaction, and joined by its next change',
  async t => {
    const { ann, bob, id, url, seq } = await sendMessage()
    const spellings = ['\u2764', '\u2764\uFE0F'] as const
    const stored = [id, seq, [ann.id, bob.id, bob.id], [spellings[1], spellings[0], spellings[1]]]
    await api.open.database.query(
      {
        name: 'test_spellings',
        text: `INSERT INTO reaction (conversation_id, message_seq, user_id, emoji)
        SELECT $1, $2, u, e FROM unnest($3::int[], $4::text[]) AS o(u, e)`
      },
      stored
    )
    await api.open.database.query(
      {
        name: 'test_spelling_counts',
        text: 'UPDATE message SET reactions = $3::jsonb WHERE conversation_id = $1 AND seq = $2'
      },
      [id, seq, JSON.stringify({ [spellings[0]]: 1, [spellings[1]]: 2 })]
    )
    t.match((await bob.ask('GET', url)).body.reactions, [{ emoji: spellings[1], mine: true }])

    await ann.ask('DELETE', `${url}reactions/\u2764/`)
    t.same((await bob.ask('GET', url)).body.reactions, [{ emoji: spellings[1], count: 1, mine: true }])
    t.match((await ann.ask('GET', `${url}reactions/`)).body, [{ user_id: bob.id, emoji: spellings[1] }])
  }
)

t.test('a reaction has visible characters only, and an invisible one of an earlier release can be removed', async t => {
  const { ann, url } = await sendMessage()
  for (const emoji of ['\uFE0F', '\u3164', 'a\u3164', '\u2800', 'a\u200Db', 'a\u200B', '👍\u{E0041}', '👍\u200D']) {
    const refused = await ann.ask('PUT', `${url}reactions/${encodeURIComponent(emoji)}/`)
    t.match(refused, { status: 400, body: { emoji: [String] } }, JSON.stringify(emoji))
  }
  for (const emoji of ['\u202Ea', '\u{E0041}'])
    t.match(await ann.ask('PUT', `${url}reactions/${encodeURIComponent(emoji)}/`), { status: 404 })
  for (const emoji of ['👩🏽‍🚀', '🏳️‍🌈', '🏴󠁧󠁢󠁳󠁣󠁴󠁿', '1️⃣', '☝🏽', '🇫🇷', 'ok', '好', '🫱🏻‍🫲🏿'])
    t.match(await ann.ask('PUT', `${url}reactions/${encodeURIComponent(emoji)}/`), { status: 200 }, emoji)
  t.match(await ann.ask('DELETE', `${url}reactions/${encodeURIComponent('a\u3164')}/`), { status: 204 })
})

t.test('a reply names the message it answers, which its sender must be able to see', async t => {
  const { ann, bob, messages, message } = await sendMessage()
  const reply = await bob.ask('POST', messages, { content: 'yes', reply_to: message })
  t.match(reply, { status: 201, body: { reply_to: message } })
  t.match((await published())[0], { frames: [{ type: 'message_created', reply_to: message }] })
  t.match((await ann.ask('GET', messages)).body, [{ reply_to: null }, { reply_to: message }])
  t.match(await ann.ask('POST', messages, { content: 'x', reply_to: 4_711 }), {
    status: 400,
    body: { reply_to: [String] }
  })
  const other = await sendMessage()
  t.match(await ann.ask('POST', messages, { content: 'x', reply_to: other.message }), { status: 400 })
  t.match(await ann.ask('POST', messages, { content: 'x', mentions: [other.bob.id] }), {
    status: 400,
    body: { mentions: [String] }
  })
})

t.test('pins are listed, the last pinned first', async t => {
  const { ann, bob, messages, url, id, message } = await sendMessage()
  const second = await bob.ask('POST', messages, { content: 'second' })
  t.match(await ann.ask('PUT', `${url}pin/`), { status: 200, body: { pinned_at: String } })
  t.match(await bob.ask('PUT', `${messages}${second.body.id}/pin/`), { status: 200 })
  t.match((await ann.ask('GET', `${PATH}${id}/pins/`)).body, [{ id: second.body.id }, { id: message }])
  t.match(await ann.ask('DELETE', `${messages}${second.body.id}/pin/`), { status: 204 })
  t.match((await ann.ask('GET', `${PATH}${id}/pins/`)).body, [{ id: message }])
  t.match(await (await api.join()).ask('GET', `${PATH}${id}/pins/`), { status: 404 })
})

t.test('private reading lowers the unread count of the reader, and is announced to the reader alone', async t => {
  const { ann, bob, id, seq } = await sendMessage()
  t.match((await bob.ask('GET', `${PATH}${id}/`)).body, { unread_count: 1 })
  t.match(await bob.ask('POST', `${PATH}${id}/read/`, { seq, private: true }), { status: 204 })
  t.match((await bob.ask('GET', `${PATH}${id}/`)).body, { unread_count: 0, read_seq: seq })
  t.match(await published(), [{ topics: [`user:${bob.id}`], frames: [{ type: 'message_read', private: true }] }])
  t.match((await ann.ask('GET', `${PATH}${id}/messages/`)).body, [{ status: 'sent' }])
  t.match((await ann.ask('GET', `${PATH}${id}/`)).body.receipts, [{ user_id: bob.id, delivered_seq: 0, read_seq: 0 }])

  t.match(await bob.ask('POST', `${PATH}${id}/read/`, { seq }), { status: 204 })
  t.match((await ann.ask('GET', `${PATH}${id}/messages/`)).body, [{ status: 'read' }])
})

t.test('a person who left a direct conversation gets no changes and no receipts of it', async t => {
  const { ann, bob, id, messages, url } = await sendMessage()
  const { body: sent } = await bob.ask('POST', messages, { content: 'bye' })
  await bob.ask('POST', `${PATH}${id}/leave/`)
  await published()
  await ann.ask('PATCH', url, { content: 'hello' })
  await ann.ask('PUT', `${url}pin/`)
  await ann.ask('POST', `${PATH}${id}/read/`, { seq: sent.seq })
  t.same(
    (await published()).flatMap(({ topics, frames }) => frames.map(frame => [frame.type, ...topics])),
    ['message_edited', 'message_pinned', 'message_read'].map(type => [type, `user:${ann.id}`])
  )
  t.match((await ann.ask('GET', `${PATH}${id}/`)).body, { unread_count: 0, read_seq: sent.seq })
})

t.test('socket commands change messages like the routes do', async t => {
  const { ann, bob, id, message } = await sendMessage()
  const run = async (by: Person, command: object) => {
    const claims = await api.services.sessions.authenticate(by.access)
    return (await executed(api.services.backend, claims, command))[0]
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
