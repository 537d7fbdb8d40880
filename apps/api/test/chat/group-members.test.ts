import { type Right, type Role, rights, roleRanks } from '@rendezvous/contract'
import t from 'tap'
import type { Person } from '../app.ts'
import { addBlock } from '../database/engines.ts'
import { type Group, PATH, startGroupApi } from './group-api.ts'

const { api, group, published } = await startGroupApi(t)

t.test('each change of members is one event and one system message', async t => {
  const { ann, bob, carl, id, url } = await group()
  const [dora, eve] = [await api.join('dora'), await api.join()]
  const both = { user_ids: [eve.id, dora.id, bob.id] }
  t.match(await ann.ask('POST', `${url}members/`, both), { status: 204 })
  t.match(await published(), [
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
  t.match(await ann.ask('POST', `${url}members/`, both), { status: 204 }, 'they are members already: nothing changes')
  t.same(await published(), [])

  t.match(await ann.ask('DELETE', `${url}members/${eve.id}/`), { status: 204 })
  t.match(await published(), [
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

t.test('a group can be transferred, and always has an owner', async t => {
  const { ann, bob, carl, url } = await group()
  t.match(await ann.ask('PATCH', `${url}members/${carl.id}/`, { role: 'admin' }), { status: 204 })
  t.match(await published(), [
    { header: { members_seq: 1 }, frames: [{ type: 'member_updated', members: [{ user_id: carl.id, role: 'admin' }] }] }
  ])
  t.match(await ann.ask('PATCH', `${url}members/${bob.id}/`, { role: 'owner' }), { status: 204 })
  t.match(await published(), [
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
  t.match(await bob.ask('POST', `${url}leave/`), { status: 200 })
  const nextOwner = Math.min(ann.id, carl.id)
  t.match((await published())[0], { frames: [{ type: 'member_left', user_id: bob.id, owner_id: nextOwner }] })
  t.match(await carl.ask('DELETE', `${url}leave/`), { status: 200 })
  t.match(await ann.ask('GET', url), { body: { role: 'owner', member_count: 1 } })
  t.match(await ann.ask('POST', `${url}leave/`), { status: 200 })
})

t.test('absent and blocked people cannot be added, nor anybody to a direct conversation', async t => {
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

t.test('each right belongs to its role and the roles above it alone', async t => {
  const actions: {
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
  for (const right of Object.keys(actions) as Right[]) {
    const fresh = await group()
    const [dora, eve] = [await api.join(), await api.join()]
    await fresh.ann.ask('POST', `${fresh.url}members/`, { user_ids: [dora.id] })
    await fresh.ann.ask('PATCH', `${fresh.url}members/${fresh.bob.id}/`, { role: 'admin' })
    const { body } = await dora.ask('POST', `${fresh.url}messages/`, { content: 'of a member' })
    const whole = { ...fresh, dora, message: body.id }
    t.equal(await actions[right]?.(eve, whole), 404, `${right} by an outsider`)
    const roles: [Role, Person][] = [
      ['member', fresh.carl],
      ['admin', fresh.bob],
      ['owner', fresh.ann]
    ]
    for (const [role, person] of roles) {
      const status = (await actions[right]?.(person, whole)) ?? 0
      if (roleRanks[role] < roleRanks[rights[right]]) t.equal(status, 403, `${right} by a ${role}`)
      else {
        t.ok(status < 300, `${right} by a ${role}: ${status}`)
        break
      }
    }
  }
  const { ann, bob, carl, url } = await group()
  for (const person of [bob, carl]) await ann.ask('PATCH', `${url}members/${person.id}/`, { role: 'admin' })
  t.match(await bob.ask('DELETE', `${url}members/${carl.id}/`), { status: 403 }, 'an admin cannot remove another admin')
  t.match(await bob.ask('DELETE', `${url}members/${ann.id}/`), { status: 403 }, 'an admin cannot remove the owner')
})
