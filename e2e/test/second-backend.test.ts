import { randomUUID } from 'node:crypto'
import t from 'tap'
import { checkedFetch } from './contract/checked.ts'
import { startStandalone } from './standalone.ts'

// A client written only from the second backend's document.

const PASSWORD = 'Str0ng-passw0rd'

t.test('a client of the second backend works by changing its base URL', async t => {
  const server = await startStandalone(t.testdir())
  t.teardown(() => server.stop())

  async function call(method: string, path: string, token: string | null, body?: unknown) {
    const response = await checkedFetch(server.url + path, {
      method,
      headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? null : JSON.parse(text) }
  }

  async function newUser() {
    const username = `s${randomUUID().slice(0, 8)}`
    const registered = await call('POST', '/api/v1/auth/register/', null, {
      username,
      email: `${username}@Example.org`,
      password: PASSWORD,
      password2: PASSWORD,
      first_name: 'Some',
      last_name: 'One'
    })
    t.equal(registered.status, 201)
    t.notOk('password' in registered.body)
    const { body } = await call('POST', '/api/token/', null, { username, password: PASSWORD })
    return {
      id: registered.body.id as number,
      username,
      access: body.access as string,
      refresh: body.refresh as string
    }
  }

  await t.test('profile, users, status and password work as documented', async t => {
    const [ann, bob] = [await newUser(), await newUser()]
    const profile = await call('GET', '/api/v1/auth/profile/', ann.access)
    t.match(profile.body, { id: ann.id, username: ann.username, first_name: 'Some' })

    const put = await call('PUT', '/api/v1/auth/profile/', ann.access, { ...profile.body, bio: 'Bonjour', id: 99 })
    t.match(put, { status: 200, body: { id: ann.id, bio: 'Bonjour', first_name: 'Some' } })

    t.match(await call('GET', `/api/v1/auth/users/${bob.id}/`, ann.access), {
      status: 200,
      body: { id: bob.id, username: bob.username }
    })
    t.match(await call('GET', '/api/v1/auth/users/999999/', ann.access), { status: 404, body: { detail: String } })

    await call('POST', '/api/v1/conversations/', ann.access, { participants: [bob.id] })
    t.match(await call('POST', '/api/v1/auth/update-status/', bob.access, { is_online: true }), {
      status: 200,
      body: { is_online: true }
    })
    t.match((await call('GET', `/api/v1/auth/users/${bob.id}/`, ann.access)).body, { is_online: true })
    t.match(await call('POST', '/api/v1/auth/update-status/', bob.access, { status: 'offline' }), { status: 200 })
    t.match((await call('GET', `/api/v1/auth/users/${bob.id}/`, ann.access)).body, {
      is_online: false,
      last_seen: String
    })

    const wrong = await call('PUT', '/api/v1/auth/change-password/', ann.access, {
      old_password: 'no',
      new_password: 'An0ther-passw0rd'
    })
    t.match(wrong, { status: 400, body: { old_password: [String] } })
    const changed = await call('PUT', '/api/v1/auth/change-password/', ann.access, {
      old_password: PASSWORD,
      new_password: 'An0ther-passw0rd'
    })
    t.equal(changed.status, 200)
    t.equal((await call('GET', '/api/v1/auth/profile/', ann.access)).status, 200, 'the token in use stays valid')
    t.equal((await call('POST', '/api/token/refresh/', null, { refresh: ann.refresh })).status, 401)
    t.equal((await call('POST', '/api/token/', null, { username: ann.username, password: PASSWORD })).status, 401)
    t.equal(
      (await call('POST', '/api/token/', null, { username: ann.username, password: 'An0ther-passw0rd' })).status,
      200
    )
  })

  await t.test('tokens can be refreshed, twice with the same refresh token, until the logout', async t => {
    const ann = await newUser()
    t.match(await call('POST', '/api/token/refresh/', null, { refresh: ann.refresh }), {
      status: 200,
      body: { access: String }
    })
    t.match(await call('POST', '/api/token/refresh/', null, { refresh: ann.refresh }), {
      status: 200,
      body: { access: String }
    })

    const out = await call('POST', '/api/v1/auth/logout/', ann.access, { refresh: ann.refresh })

    t.ok(out.status >= 200 && out.status < 300)
    t.match(await call('POST', '/api/token/refresh/', null, { refresh: ann.refresh }), {
      status: 401,
      body: { code: 'token_not_valid' }
    })
  })

  await t.test('conversations and messages work as documented', async t => {
    const [ann, bob, eve] = [await newUser(), await newUser(), await newUser()]
    const created = await call('POST', '/api/v1/conversations/', ann.access, { participants: [bob.id] })
    t.match(created, { status: 201, body: { id: Number, participants: Array, unread_count: 0, last_message: null } })
    const path = `/api/v1/conversations/${created.body.id}`
    t.match(await call('POST', '/api/v1/conversations/', bob.access, { participant_ids: [ann.id, bob.id] }), {
      body: { id: created.body.id }
    })

    const sent = await call('POST', `${path}/messages/`, ann.access, { content: 'Bonjour Bob' })
    t.match(sent, { status: 201, body: { id: Number, content: 'Bonjour Bob', sender: ann.id, is_read: false } })
    t.match(await call('GET', '/api/v1/conversations/', bob.access), {
      status: 200,
      body: [{ id: created.body.id, unread_count: 1, last_message: { id: sent.body.id } }]
    })
    t.match(await call('GET', `${path}/messages/`, bob.access), { status: 200, body: [{ id: sent.body.id }] })

    t.match(await call('POST', `${path}/messages/${sent.body.id}/mark_read/`, bob.access), {
      status: 200,
      body: { detail: String }
    })
    t.match((await call('GET', `${path}/`, bob.access)).body, { unread_count: 0 })
    t.match((await call('GET', `${path}/messages/`, ann.access)).body, [{ is_read: true, status: 'read' }])

    for (const stranger of [`${path}/`, `${path}/messages/`])
      t.equal((await call('GET', stranger, eve.access)).status, 404)
    t.equal((await call('POST', `${path}/messages/`, eve.access, { content: 'let me in' })).status, 404)

    const left = await call('DELETE', `${path}/leave/`, ann.access)
    t.match(left, { status: 200, body: { detail: String } })
    t.equal((await call('GET', `${path}/`, ann.access)).status, 404)
    t.same((await call('GET', '/api/v1/conversations/', ann.access)).body, [])
  })

  await t.test('errors have the keys of Django REST framework', async t => {
    t.match(await call('GET', '/api/v1/auth/profile/', null), {
      status: 401,
      body: { detail: 'Authentication credentials were not provided.' }
    })
    t.match(await call('GET', '/api/v1/auth/profile/', 'rubbish'), {
      status: 401,
      body: { code: 'token_not_valid', messages: Array }
    })
    t.match(await call('POST', '/api/token/', null, { username: 'x' }), {
      status: 400,
      body: { password: ['This field is required.'] }
    })
    t.match(await call('POST', '/api/token/', null, { username: 'x', password: 'y' }), {
      status: 401,
      body: { detail: 'No active account found with the given credentials' }
    })
  })
})
