import t from 'tap'
import { startApi } from '../app.ts'
import { addBlock } from '../database/engines.ts'
import { recordingBus } from '../recording.ts'

const PATH = '/api/v1/conversations/'
const record = recordingBus()
const api = await startApi(t, { ports: () => ({ bus: record.bus }) })

/** The envelopes that were published since the last call: topics, header, frames. */
async function published() {
  await api.services.announcer.settle()
  return record.take()
}

t.test('typing goes to the room or to the other person, and says when it ends', async t => {
  const [ann, bob] = [await api.join(), await api.join()]
  const group = await ann.ask('POST', PATH, { participants: [bob.id], is_group: true })
  const direct = await ann.ask('POST', PATH, { participants: [bob.id] })
  await published()
  t.match(await ann.ask('POST', `${PATH}${group.body.id}/typing/`, { is_typing: true }), { status: 204 })
  await published()
  await ann.ask('POST', `${PATH}${group.body.id}/typing/`, { is_typing: false })
  await ann.ask('POST', `${PATH}${direct.body.id}/typing/`, { is_typing: true })
  t.match(await published(), [
    {
      topics: [`room:${group.body.id}`],
      frames: [{ type: 'typing', user_id: ann.id, is_typing: false, expires_in_ms: 0 }]
    },
    { topics: [`user:${bob.id}`], frames: [{ type: 'typing', is_typing: true, expires_in_ms: 6_000 }] }
  ])
  await addBlock(api.open.database, bob.id, ann.id)
  t.match(await ann.ask('POST', `${PATH}${direct.body.id}/typing/`, { is_typing: true }), { status: 404 })
})

t.test('a person who left a direct conversation gets no typing events', async t => {
  const [ann, bob] = [await api.join(), await api.join()]
  const { body } = await ann.ask('POST', PATH, { participants: [bob.id] })
  await bob.ask('POST', `${PATH}${body.id}/leave/`)
  await published()
  t.match(await ann.ask('POST', `${PATH}${body.id}/typing/`, { is_typing: true }), { status: 204 })
  t.same(await published(), [])
})
