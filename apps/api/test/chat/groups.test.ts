import t from 'tap'
import { PATH, startGroupApi } from './group-api.ts'

const { api, group, published } = await startGroupApi(t)

t.test('several participants, or is_group, create a group', async t => {
  const [ann, bob, carl] = [await api.join(), await api.join(), await api.join()]
  const created = await ann.ask('POST', PATH, { members: [bob.id, carl.id], name: 'Climbing' })
  t.match(created, {
    status: 201,
    body: {
      type: 'group',
      is_group: true,
      title: 'Climbing',
      name: 'Climbing',
      role: 'owner',
      member_count: 3,
      history: 'joined',
      participant_ids: [ann.id, bob.id, carl.id],
      unread_count: 0
    }
  })
  const stream = `conversation:${created.body.id}`
  t.match(await published(), [
    {
      topics: [`room:${created.body.id}`, ...[ann, bob, carl].map(({ id }) => `user:${id}`)],
      header: { stream, from: 1, to: 1, members_seq: 1, joined: [ann.id, bob.id, carl.id] },
      frames: [{ type: 'conversation_created', conversation_type: 'group', title: 'Climbing', created_by: ann.id }]
    }
  ])
  const alone = await ann.ask('POST', PATH, { participants: [bob.id], is_group: true })
  t.match(alone, { status: 201, body: { type: 'group', title: null } })
  t.match((await bob.ask('GET', PATH)).body, [{ id: alone.body.id, role: 'member' }, { id: created.body.id }])
})

t.test('a message of a group is published once to its room, and every member can read it', async t => {
  const { ann, bob, id, url } = await group()
  const sent = await bob.ask('POST', `${url}messages/`, { content: 'hello', mentions: [ann.id] })
  t.match(sent, { status: 201, body: { sender: bob.id, receiver: null, status: 'sent', mentions: [ann.id], seq: 2 } })
  t.match(await published(), [
    {
      topics: [`room:${id}`],
      header: { members_seq: 1, from: 2, senders: [bob.id] },
      frames: [{ to: null, mentions: [ann.id] }]
    }
  ])
  t.match((await ann.ask('GET', url)).body, { unread_count: 1, last_message: { content: 'hello' } })

  await ann.ask('POST', `${url}read/`, { seq: 2 })
  t.match((await ann.ask('GET', url)).body, { unread_count: 0, read_seq: 2 })
  t.match((await bob.ask('GET', url)).body.receipts, [
    { user_id: ann.id, delivered_seq: 2, read_seq: 2 },
    { read_seq: 0 }
  ])
  t.match(await published(), [
    { topics: [`room:${id}`], header: { kind: 'courtesy', members_seq: 1 }, frames: [{ type: 'message_delivered' }] },
    { topics: [`room:${id}`], frames: [{ type: 'message_read', user_id: ann.id, id: sent.body.id }] }
  ])
})

t.test('a new member sees earlier messages only when the history setting allows it', async t => {
  for (const [history, expected] of [
    ['joined', ['after']],
    ['all', ['before', 'after']]
  ] as const) {
    const { ann, url } = await group({ history })
    const dora = await api.join()
    await ann.ask('POST', `${url}messages/`, { content: 'before' })
    await ann.ask('POST', `${url}members/`, { user_ids: [dora.id] })
    t.match((await dora.ask('GET', url)).body, { unread_count: 0 })
    await ann.ask('POST', `${url}messages/`, { content: 'after' })
    const seen = await dora.ask('GET', `${url}messages/`)
    const texts = [...seen.body].filter(
      ({ sender, content }: { sender?: number; content: string }) => sender === ann.id && !content.includes(' added ')
    )
    t.same(
      texts.map(({ content }) => content),
      expected,
      history
    )
    t.match((await dora.ask('GET', url)).body, { unread_count: 1 })
  }
})

t.test(
  'changes of roles and titles name the last change of members, so that removed members do not get them',
  async t => {
    const { ann, bob, carl, url } = await group()
    await ann.ask('DELETE', `${url}members/${carl.id}/`)
    await published()
    await ann.ask('PATCH', `${url}members/${bob.id}/`, { role: 'admin' })
    await bob.ask('PATCH', url, { title: 'Without Carl' })
    t.match(await published(), [
      { header: { from: 4, to: 4, members_seq: 2 }, frames: [{ type: 'member_updated' }] },
      { header: { from: 5, to: 6, members_seq: 2 }, frames: [{ type: 'conversation_updated' }, { content: / named / }] }
    ])
  }
)

t.test('a changed title is an event and a system message, and a changed setting is an event', async t => {
  const { ann, bob, url } = await group()
  t.match(await ann.ask('PATCH', url, { title: ' Bouldering ' }), { status: 200, body: { title: 'Bouldering' } })
  t.match(await published(), [
    {
      header: { members_seq: 1 },
      frames: [
        { type: 'conversation_updated', title: 'Bouldering', user_id: ann.id },
        { message_type: 'system', system: { action: 'titled', title: 'Bouldering' } }
      ]
    }
  ])
  t.match(await ann.ask('PATCH', url, { history: 'all' }), { body: { history: 'all' } })
  t.match(await published(), [{ frames: [{ type: 'conversation_updated', history: 'all' }] }])
  await ann.ask('PATCH', url, { title: 'Bouldering' })
  t.same(await published(), [], 'the same title changes nothing')
  const bad: [body: object, expected: object][] = [
    [{ title: '  ' }, { errors: { title: [String] } }],
    [{ title: 'Clim\u202Ebing' }, { errors: { title: [String] } }],
    [{ title: 'Climbing\u3164' }, { errors: { title: [String] } }],
    [{ title: 'x'.repeat(121) }, { errors: { title: [String] } }],
    [{ history: 'some' }, { errors: { history: [String] } }],
    [{ name: 'x' }, { errors: { name: [String] } }]
  ]
  for (const [body, expected] of bad)
    t.match(await ann.ask('PATCH', url, body), { status: 400, body: expected }, JSON.stringify(body))
  t.match((await bob.ask('GET', url)).body, { title: 'Bouldering' })
})

t.test('an imported title that breaks the rule of names stays when it is sent back', async t => {
  const { ann, url, id } = await group()
  const title = 'Climb\u200Bing'
  const imported = { name: 'test_title', text: 'UPDATE conversation SET title = $2 WHERE id = $1' }
  await api.open.database.query(imported, [id, title])
  t.match(await ann.ask('PATCH', url, { title, history: 'all' }), { status: 200, body: { title, history: 'all' } })
  t.match(await ann.ask('PATCH', url, { title: `${title}!` }), { status: 400, body: { errors: { title: [String] } } })
})
