import t from 'tap'
import { startApi } from './app.ts'
import { addBlock } from './database/engines.ts'
import { recordingBus } from './recording.ts'

const PATH = '/api/v1/conversations/'
const record = recordingBus()
const api = await startApi(t, { ports: () => ({ bus: record.bus }) })

/** What was published since: topics, header, frames. */
async function told() {
  await api.services.announcer.settle()
  return record.take()
}

t.test('typing is told to the room, and to the other person, with an end', async t => {
  const [ann, bob] = [await api.join(), await api.join()]
  const group = await ann.ask('POST', PATH, { participants: [bob.id], is_group: true })
  const direct = await ann.ask('POST', PATH, { participants: [bob.id] })
  await told()
  t.match(await ann.ask('POST', `${PATH}${group.body.id}/typing/`, { is_typing: true }), { status: 204 })
  await told()
  await ann.ask('POST', `${PATH}${group.body.id}/typing/`, { is_typing: false })
  await ann.ask('POST', `${PATH}${direct.body.id}/typing/`, { is_typing: true })
  t.match(await told(), [
    {
      topics: [`room:${group.body.id}`],
      frames: [{ type: 'typing', user_id: ann.id, is_typing: false, expires_in_ms: 0 }]
    },
    { topics: [`user:${bob.id}`], frames: [{ type: 'typing', is_typing: true, expires_in_ms: 6_000 }] }
  ])
  await addBlock(api.open.database, bob.id, ann.id)
  t.match(await ann.ask('POST', `${PATH}${direct.body.id}/typing/`, { is_typing: true }), { status: 404 })
})

t.test('who left a conversation of two does not hear who types there', async t => {
  const [ann, bob] = [await api.join(), await api.join()]
  const { body } = await ann.ask('POST', PATH, { participants: [bob.id] })
  await bob.ask('POST', `${PATH}${body.id}/leave/`)
  await told()
  t.match(await ann.ask('POST', `${PATH}${body.id}/typing/`, { is_typing: true }), { status: 204 })
  t.same(await told(), [])
})
