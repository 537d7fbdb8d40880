import t from 'tap'
import { ask, startApi } from './app.ts'

t.test('two people chat through the paths of both seeds', async t => {
  const api = await startApi(t)
  const [ann, bob] = [await api.join('ann'), await api.join('bob')]

  const sent = await ann.ask('POST', '/messages/send/', { receiver: bob.id, content: 'hello', message_type: 'text' })
  t.match(sent, { status: 201, body: { from: ann.id, to: bob.id, content: 'hello', status: 'sent', duplicate: false } })

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

t.test('nobody gets in without a token', async t => {
  const { app } = await startApi(t)
  t.match(await ask(app, 'GET', '/messages/?with=1'), {
    status: 401,
    headers: { 'www-authenticate': 'Bearer realm="api"' },
    body: { code: 'not_authenticated' }
  })
})
