import { randomUUID } from 'node:crypto'
import t from 'tap'
import { startApi } from '../app.ts'
import { recordingBus } from '../recording.ts'

const PATH = '/api/v1/conversations/'
const record = recordingBus()
const api = await startApi(t, { ports: () => ({ bus: record.bus }) })

/** What was published since the last call: the topics, and the types of the frames. */
async function told() {
  await api.services.announcer.settle()
  return record.take().map(({ topics, frames }) => [...topics, ...frames.map(({ type }) => type)])
}

t.test('a message to oneself is stored, read back, and announced once to the own devices', async t => {
  const ann = await api.join()
  await told()

  const sent = await ann.ask('POST', '/messages/send/', { receiver: ann.id, content: 'buy bread' })

  t.match(sent, { status: 201, body: { sender: ann.id, receiver: ann.id, content: 'buy bread', is_read: true } })
  t.same(await told(), [
    [`user:${ann.id}`, 'conversation_created'],
    [`user:${ann.id}`, 'message_created']
  ])
  t.match((await ann.ask('GET', `/messages/?with=${ann.id}`)).body, [{ id: sent.body.id, content: 'buy bread' }])
})

t.test('notes are a direct conversation with one participant, and never unread', async t => {
  const ann = await api.join()
  const { body: sent } = await ann.ask('POST', '/messages/send/', { receiver: ann.id, content: 'buy bread' })

  const { body: listed } = await ann.ask('GET', PATH)

  t.match(listed, [
    {
      id: sent.conversation,
      type: 'direct',
      is_group: false,
      participant_ids: [ann.id],
      member_count: 1,
      unread_count: 0,
      receipts: [],
      last_message: { content: 'buy bread', status: 'read', is_read: true }
    }
  ])
  t.equal(listed[0]?.participants.length, 1)
  const ranges = [{ stream: `conversation:${sent.conversation}`, after: 0 }]
  t.match((await ann.ask('POST', '/api/v1/sync/', { since: null, ranges })).body, {
    conversations: [{ id: sent.conversation, unread_count: 0 }],
    ranges: [{ messages: [{ id: sent.id }], members: [{ user_id: ann.id }] }]
  })
})

t.test('a conversation with the own id alone opens the notes', async t => {
  const ann = await api.join()

  const opened = await ann.ask('POST', PATH, { participants: [ann.id] })
  const again = await ann.ask('POST', PATH, { participants: [ann.id, ann.id] })
  const url = `${PATH}${opened.body.id}/messages/`
  const sent = await ann.ask('POST', url, { content: 'buy bread' })

  t.match(opened, { status: 201, body: { type: 'direct', participant_ids: [ann.id], duplicate: false } })
  t.match(again, { status: 200, body: { id: opened.body.id, duplicate: true } })
  t.match(sent, { status: 201, body: { content: 'buy bread', status: 'read' } })
  t.match((await ann.ask('GET', url)).body, [{ id: sent.body.id }])
  const bob = await api.join()
  t.match((await ann.ask('POST', PATH, { participants: [ann.id, bob.id] })).body, { participant_ids: [ann.id, bob.id] })
})

t.test('a repeated note gets the first answer, and every change of a note is announced once', async t => {
  const ann = await api.join()
  const draft = { receiver: ann.id, content: 'buy bread', client_id: randomUUID() }
  const first = await ann.ask('POST', '/messages/send/', draft)
  const again = await ann.ask('POST', '/messages/send/', draft)
  t.match(again, { status: 200, body: { id: first.body.id, duplicate: true, is_read: true } })
  await told()

  const note = `${PATH}${first.body.conversation}/messages/${first.body.id}/`
  await ann.ask('PATCH', note, { content: 'buy rye bread' })
  await ann.ask('PUT', `${note}reactions/%F0%9F%91%8D/`)
  await ann.ask('PUT', `${note}pin/`)
  await ann.ask('DELETE', note)
  await ann.ask('POST', `${PATH}${first.body.conversation}/typing/`, { is_typing: true })

  const types = ['message_edited', 'reaction_added', 'message_pinned', 'message_deleted']
  t.same(
    await told(),
    types.map(type => [`user:${ann.id}`, type])
  )
})

t.test('nobody else reads the notes', async t => {
  const [ann, bob] = [await api.join(), await api.join()]
  const { body } = await ann.ask('POST', '/messages/send/', { receiver: ann.id, content: 'secret' })

  t.equal((await bob.ask('GET', `${PATH}${body.conversation}/messages/`)).status, 404)
  t.same((await bob.ask('GET', `/messages/?with=${ann.id}`)).body, [])
})
