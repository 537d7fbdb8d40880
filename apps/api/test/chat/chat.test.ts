import t from 'tap'
import { ask, startApi } from '../app.ts'

t.test('two people chat through the paths of both seeds', async t => {
  const api = await startApi(t)
  const [ann, bob] = [await api.join('ann'), await api.join('bob')]

  const sent = await ann.ask('POST', '/messages/send/', { receiver: bob.id, content: 'hello', message_type: 'text' })
  t.match(sent, { status: 201, body: { sender: ann.id, receiver: bob.id, content: 'hello', status: 'sent' } })

  const listed = await bob.ask('GET', '/api/v1/conversations/')
  t.match(listed, {
    status: 200,
    body: [{ id: sent.body.conversation, unread_count: 1, last_message: { content: 'hello' } }]
  })
  t.same(
    listed.body[0]?.participants.map(({ username }: { username: string }) => username),
    ['ann', 'bob']
  )

  const history = await bob.ask('GET', `/messages/?with=${ann.id}`)
  t.match(history, { status: 200, body: [{ id: sent.body.id, status: 'read', is_read: true }] })
  const seen = await ann.ask('GET', `/api/v1/conversations/${sent.body.conversation}/messages/`)
  t.match(seen.body, [{ id: sent.body.id, status: 'read' }])
  t.same(api.warnings, [])
})

t.test('rows of the first backend have no name by which its frontend knows its own', async t => {
  const api = await startApi(t)
  const [ann, bob] = [await api.join(), await api.join()]
  const draft = { receiver: bob.id, content: 'hello', client_id: 'c0ffee00-0000-4000-8000-000000000001' }

  const sent = await ann.ask('POST', '/messages/send/', draft)
  const again = await ann.ask('POST', '/messages/send/', draft)
  const listed = await bob.ask('GET', `/messages/?with=${ann.id}`)
  const page = await bob.ask('GET', `/messages/?with=${ann.id}&page_size=1`)

  const rows = [sent.body, again.body, listed.body[0], (page.body as unknown as { results: unknown[] }).results[0]]
  const row = {
    id: sent.body.id,
    sender: ann.id,
    receiver: bob.id,
    content: 'hello',
    message_type: 'text',
    file: null
  }
  for (const each of rows) {
    t.match(each, { ...row, created_at: String, is_read: Boolean })
    for (const name of ['from', 'to', 'text', 'type']) t.notOk(Object.hasOwn(Object(each), name), name)
  }
  t.match([sent.status, again.status, again.body.duplicate], [201, 200, true])
  const path = `/api/v1/conversations/${sent.body.conversation}/messages/`
  t.match((await ann.ask('GET', path)).body, [{ from: ann.id, to: bob.id }], 'the paths of our own keep them')
})

t.test('a request without a token is refused', async t => {
  const { app } = await startApi(t)
  t.match(await ask(app, 'GET', '/messages/?with=1'), {
    status: 401,
    headers: { 'www-authenticate': 'Bearer realm="api"' },
    body: { code: 'not_authenticated' }
  })
})
