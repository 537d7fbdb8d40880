import { randomUUID } from 'node:crypto'
import t from 'tap'
import { startApi } from './app.ts'
import { recordingBus } from './recording.ts'

const PATH = '/api/v1/conversations/'
const record = recordingBus()
const api = await startApi(t, { ports: () => ({ bus: record.bus }) })

/** Ann, and how she asks for a group with two others. */
async function asking() {
  const [ann, bob, carl] = [await api.join(), await api.join(), await api.join()]
  const asked = { participants: [bob.id, carl.id], title: ' Climbing ', client_id: randomUUID() }
  return { ann, bob, asked, made: await ann.ask('POST', PATH, asked) }
}

/** What was published since of conversations. */
async function told() {
  await api.services.announcer.settle()
  return record.take().filter(({ header }) => 'stream' in header && header.stream.startsWith('conversation:'))
}

t.test('who asks for a group once more gets the one he made, and nobody is told anew', async t => {
  const { ann, asked, made } = await asking()
  t.match(made, { status: 201, body: { is_group: true, title: 'Climbing', duplicate: false } })
  t.match(await told(), [{}])

  const { status, body } = await ann.ask('POST', PATH, asked)

  t.same({ status, body }, { status: 200, body: { ...made.body, duplicate: true } })
  t.same(await told(), [])
})

t.test('another group under the same client_id is a conflict, and what is no uuid is refused', async t => {
  const { ann, bob, asked } = await asking()
  for (const other of [{ title: 'Bouldering' }, { history: 'all' }, { participants: [bob.id], is_group: true }])
    t.match(await ann.ask('POST', PATH, { ...asked, ...other }), {
      ...{ status: 409, body: { code: 'client_id_conflict', detail: /another group/ } }
    })
  t.match(await ann.ask('POST', PATH, { ...asked, client_id: 'x' }), { status: 400, body: { client_id: [/./] } })
})

t.test('whoever left the group since is not brought back by asking once more, nor given another', async t => {
  const { ann, asked, made } = await asking()
  await ann.ask('POST', `${PATH}${made.body.id}/leave/`)
  t.match(await ann.ask('POST', PATH, asked), { status: 404 })
})

t.test('two people have one conversation, whatever it is called', async t => {
  const { ann, bob, asked } = await asking()
  const { client_id } = asked
  const direct = await ann.ask('POST', PATH, { participants: [bob.id], client_id })
  t.match(direct, { status: 201, body: { is_group: false, duplicate: false } })
  const again = await ann.ask('POST', PATH, { participants: [bob.id], client_id: randomUUID() })
  t.match(again, { status: 200, body: { id: direct.body.id, duplicate: true } })
})
