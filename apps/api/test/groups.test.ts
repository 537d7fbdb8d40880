import { type Right, type Role, rights, roleRanks } from '@rendezvous/contract'
import t from 'tap'
import { type Person, startApi } from './app.ts'
import { addBlock } from './database/engines.ts'
import { recordingBus } from './recording.ts'

const PATH = '/api/v1/conversations/'
const record = recordingBus()
const api = await startApi(t, { ports: () => ({ bus: record.bus }) })

interface Group {
  readonly ann: Person
  readonly bob: Person
  readonly carl: Person
  readonly id: number
  readonly url: string
}

/** Ann's group, with Bob and Carl in it. */
async function group(settings: object = {}): Promise<Group> {
  const [ann, bob, carl] = [await api.join(), await api.join(), await api.join()]
  const { body, status } = await ann.ask('POST', PATH, {
    participants: [bob.id, carl.id],
    title: 'Climbing',
    ...settings
  })
  if (status !== 201) throw new Error(JSON.stringify(body))
  await told()
  return { ann, bob, carl, id: body.id, url: `${PATH}${body.id}/` }
}

/** What was published since of conversations: topics, header, frames. */
async function told() {
  await api.services.announcer.settle()
  return record.take().filter(({ header }) => !('stream' in header && header.stream.startsWith('user:')))
}

t.test('a group is made by naming several people, or by saying so', async t => {
  const [ann, bob, carl] = [await api.join(), await api.join(), await api.join()]
  const made = await ann.ask('POST', PATH, { members: [bob.id, carl.id], name: 'Climbing' })
  t.match(made, {
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
  const stream = `conversation:${made.body.id}`
  t.match(await told(), [
    {
      topics: [`room:${made.body.id}`, ...[ann, bob, carl].map(({ id }) => `user:${id}`)],
      header: { stream, from: 1, to: 1, members_seq: 1, joined: [ann.id, bob.id, carl.id] },
      frames: [{ type: 'conversation_created', conversation_type: 'group', title: 'Climbing', created_by: ann.id }]
    }
  ])
  const alone = await ann.ask('POST', PATH, { participants: [bob.id], is_group: true })
  t.match(alone, { status: 201, body: { type: 'group', title: null } })
  t.match((await bob.ask('GET', PATH)).body, [{ id: alone.body.id, role: 'member' }, { id: made.body.id }])
})

t.test('messages go to the room once, and everybody reads them', async t => {
  const { ann, bob, id, url } = await group()
  const sent = await bob.ask('POST', `${url}messages/`, { content: 'hello', mentions: [ann.id] })
  t.match(sent, { status: 201, body: { sender: bob.id, receiver: null, status: 'sent', mentions: [ann.id], seq: 2 } })
  t.match(await told(), [
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
  t.match(await told(), [
    { topics: [`room:${id}`], header: { kind: 'courtesy', members_seq: 1 }, frames: [{ type: 'message_delivered' }] },
    { topics: [`room:${id}`], frames: [{ type: 'message_read', user_id: ann.id, id: sent.body.id }] }
  ])
})

t.test('members come and go, each change one event, and the server says so', async t => {
  const { ann, bob, carl, id, url } = await group()
  const [dora, eve] = [await api.join('dora'), await api.join()]
  const both = { user_ids: [eve.id, dora.id, bob.id] }
  t.match(await ann.ask('POST', `${url}members/`, both), { status: 204 })
  t.match(await told(), [
    {
      topics: [`room:${id}`, `user:${dora.id}`, `user:${eve.id}`],
      header: { from: 2, to: 2, members_seq: 2, joined: [dora.id, eve.id] },
      frames: [{ type: 'member_joined', user_id: dora.id, user_ids: [dora.id, eve.id], by: ann.id, seq: 2 }]
    },
    {
      topics: [`room:${id}`],
      header: { from: 3, to: 3, members_seq: 2 },
      frames: [
        { type: 'message_created', message_type: 'system', system: { action: 'joined', user_ids: [dora.id, eve.id] } }
      ]
    }
  ])
  t.match(await ann.ask('POST', `${url}members/`, both), { status: 204 }, 'they are in it: nothing to do')
  t.same(await told(), [])

  t.match(await ann.ask('DELETE', `${url}members/${eve.id}/`), { status: 204 })
  t.match(await told(), [
    {
      topics: [`room:${id}`, `user:${eve.id}`],
      header: { members_seq: 4, left: [eve.id] },
      frames: [{ type: 'member_left', user_ids: [eve.id], by: ann.id, owner_id: null }]
    },
    { frames: [{ content: `${ann.username} removed ${eve.username}` }] }
  ])
  t.match(await eve.ask('GET', url), { status: 404 })
  t.match(await eve.ask('POST', `${url}messages/`, { content: 'x' }), { status: 404 })

  const members = await carl.ask('GET', `${url}members/?limit=2`)
  t.match(members.body.results, [
    { user_id: ann.id, role: 'owner' },
    { user_id: bob.id, role: 'member' }
  ])
  const rest = await carl.ask('GET', members.body.next)
  t.match(rest.body.results, [{ user_id: carl.id }, { user: { username: 'dora' } }])
  t.equal(rest.body.next, null)
})

t.test('who joins sees what came before only where the group says so', async t => {
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

t.test('a group is handed over, and never without an owner', async t => {
  const { ann, bob, carl, url } = await group()
  t.match(await ann.ask('PATCH', `${url}members/${carl.id}/`, { role: 'admin' }), { status: 204 })
  t.match(await told(), [
    { header: { members_seq: 1 }, frames: [{ type: 'member_updated', members: [{ user_id: carl.id, role: 'admin' }] }] }
  ])
  t.match(await ann.ask('PATCH', `${url}members/${bob.id}/`, { role: 'owner' }), { status: 204 })
  t.match(await told(), [
    {
      frames: [
        {
          members: [
            { user_id: bob.id, role: 'owner' },
            { user_id: ann.id, role: 'admin' }
          ],
          by: ann.id
        }
      ]
    }
  ])
  t.match(await bob.ask('POST', `${url}leave/`), { status: 204 })
  const heir = Math.min(ann.id, carl.id)
  t.match((await told())[0], { frames: [{ type: 'member_left', user_id: bob.id, owner_id: heir }] })
  t.match(await carl.ask('DELETE', `${url}leave/`), { status: 204 })
  t.match(await ann.ask('GET', url), { body: { role: 'owner', member_count: 1 } })
  t.match(await ann.ask('POST', `${url}leave/`), { status: 204 })
})

t.test(
  'roles and titles are told with the change of members they come after, so that who went hears nothing',
  async t => {
    const { ann, bob, carl, url } = await group()
    await ann.ask('DELETE', `${url}members/${carl.id}/`)
    await told()
    await ann.ask('PATCH', `${url}members/${bob.id}/`, { role: 'admin' })
    await bob.ask('PATCH', url, { title: 'Without Carl' })
    t.match(await told(), [
      { header: { from: 4, to: 4, members_seq: 2 }, frames: [{ type: 'member_updated' }] },
      { header: { from: 5, to: 6, members_seq: 2 }, frames: [{ type: 'conversation_updated' }, { content: / named / }] }
    ])
  }
)

t.test('a title and settings change, told as an event and as a message', async t => {
  const { ann, bob, url } = await group()
  t.match(await ann.ask('PATCH', url, { title: ' Bouldering ' }), { status: 200, body: { title: 'Bouldering' } })
  t.match(await told(), [
    {
      header: { members_seq: 1 },
      frames: [
        { type: 'conversation_updated', title: 'Bouldering', user_id: ann.id },
        { message_type: 'system', system: { action: 'titled', title: 'Bouldering' } }
      ]
    }
  ])
  t.match(await ann.ask('PATCH', url, { history: 'all' }), { body: { history: 'all' } })
  t.match(await told(), [{ frames: [{ type: 'conversation_updated', history: 'all' }] }])
  await ann.ask('PATCH', url, { title: 'Bouldering' })
  t.same(await told(), [], 'the same title is no change')
  const bad: [body: object, expected: object][] = [
    [{ title: '  ' }, { errors: { title: [String] } }],
    [{ title: 'x'.repeat(121) }, { errors: { title: [String] } }],
    [{ history: 'some' }, { errors: { history: [String] } }],
    [{ name: 'x' }, { errors: { name: [String] } }]
  ]
  for (const [body, expected] of bad)
    t.match(await ann.ask('PATCH', url, body), { status: 400, body: expected }, JSON.stringify(body))
  t.match((await bob.ask('GET', url)).body, { title: 'Bouldering' })
})

t.test('who cannot be brought in', async t => {
  const { ann, url } = await group()
  const eve = await api.join()
  await addBlock(api.open.database, eve.id, ann.id)
  for (const userId of [999_999, eve.id]) {
    const answer = await ann.ask('POST', `${url}members/`, { user_ids: [userId] })
    t.match(answer, { status: 400, body: { user_ids: [`Invalid pk "${userId}" - object does not exist.`] } })
  }
  for (const userIds of [[], [0], Array.from({ length: 101 }, (_, index) => index + 1), 'x']) {
    t.match(await ann.ask('POST', `${url}members/`, { user_ids: userIds }), { status: 400 })
  }
  const direct = await ann.ask('POST', PATH, { participants: [(await api.join()).id] })
  const added = await ann.ask('POST', `${PATH}${direct.body.id}/members/`, { user_ids: [eve.id] })
  t.match(added, { status: 400, body: { code: 'not_a_group' } })
})

t.test('every right is held by its role and those above it, and by nobody below', async t => {
  const acts: {
    readonly [Name in Right]?: (by: Person, group: Group & { dora: Person; message: number }) => Promise<number>
  } = {
    read: async (by, { url }) => (await by.ask('GET', `${url}messages/`)).status,
    send: async (by, { url }) => (await by.ask('POST', `${url}messages/`, { content: 'x' })).status,
    react: async (by, { url, message }) => (await by.ask('PUT', `${url}messages/${message}/reactions/👍/`)).status,
    change_title: async (by, { url }) => (await by.ask('PATCH', url, { title: `by ${by.id}` })).status,
    add_members: async (by, { url }) =>
      (await by.ask('POST', `${url}members/`, { user_ids: [(await api.join()).id] })).status,
    remove_members: async (by, { url, dora }) => (await by.ask('DELETE', `${url}members/${dora.id}/`)).status,
    pin: async (by, { url, message }) => (await by.ask('PUT', `${url}messages/${message}/pin/`)).status,
    delete_any_message: async (by, { url, message }) => (await by.ask('DELETE', `${url}messages/${message}/`)).status,
    read_edits: async (by, { url, message }) => (await by.ask('GET', `${url}messages/${message}/edits/`)).status,
    change_settings: async (by, { url }) => (await by.ask('PATCH', url, { history: 'all' })).status,
    change_roles: async (by, { url, dora }) =>
      (await by.ask('PATCH', `${url}members/${dora.id}/`, { role: 'admin' })).status,
    hand_over: async (by, { url, dora }) =>
      (await by.ask('PATCH', `${url}members/${dora.id}/`, { role: 'owner' })).status
  }
  for (const right of Object.keys(acts) as Right[]) {
    const fresh = await group()
    const [dora, eve] = [await api.join(), await api.join()]
    await fresh.ann.ask('POST', `${fresh.url}members/`, { user_ids: [dora.id] })
    await fresh.ann.ask('PATCH', `${fresh.url}members/${fresh.bob.id}/`, { role: 'admin' })
    const { body } = await dora.ask('POST', `${fresh.url}messages/`, { content: 'of a member' })
    const whole = { ...fresh, dora, message: body.id }
    t.equal(await acts[right]?.(eve, whole), 404, `${right} by an outsider`)
    const roles: [Role, Person][] = [
      ['member', fresh.carl],
      ['admin', fresh.bob],
      ['owner', fresh.ann]
    ]
    for (const [role, person] of roles) {
      const status = (await acts[right]?.(person, whole)) ?? 0
      if (roleRanks[role] < roleRanks[rights[right]]) t.equal(status, 403, `${right} by a ${role}`)
      else {
        t.ok(status < 300, `${right} by a ${role}: ${status}`)
        break
      }
    }
  }
  const { ann, bob, carl, url } = await group()
  for (const person of [bob, carl]) await ann.ask('PATCH', `${url}members/${person.id}/`, { role: 'admin' })
  t.match(await bob.ask('DELETE', `${url}members/${carl.id}/`), { status: 403 }, 'nobody takes out his equal')
  t.match(await bob.ask('DELETE', `${url}members/${ann.id}/`), { status: 403 }, 'nor who is above him')
})
