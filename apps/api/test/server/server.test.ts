import { limits } from '@rendezvous/contract'
import t from 'tap'
import { ask, startApi } from '../app.ts'

t.test('anybody may ask what the server is, can do and bounds', async t => {
  const { app } = await startApi(t)
  const { status, body } = await ask(app, 'GET', '/api/v1/server/')
  t.equal(status, 200)
  t.match(body, {
    name: 'rendezvous',
    version: /^\d+\.\d+\.\d+/,
    features: ['accounts', 'direct_conversations', 'groups']
  })
  const { features, limits: told } = body as unknown as { features: string[]; limits: Record<string, number> }
  t.match(told, { message_characters: limits.messageCharacters, group_members: limits.groupMembers })
  t.equal(Object.keys(told).length, Object.keys(limits).length)
  t.notOk(features.includes('people_list'), 'which is off here')
  t.notOk(features.includes('media'), 'which is not built')
})

t.test('the list of people is a feature where the operator turned it on', async t => {
  const { app } = await startApi(t, { ports: () => ({ peopleList: 'names' }) })
  t.ok(JSON.stringify((await ask(app, 'GET', '/api/v1/server/')).body).includes('"people_list"'))
})
