import { randomUUID } from 'node:crypto'
import t from 'tap'
import { startApi } from '../app.ts'
import { recordingBus } from '../recording.ts'

const PATH = '/api/v1/conversations/'
const record = recordingBus()
const api = await startApi(t, { ports: () => ({ bus: record.bus }) })

/** A group of Ann with two others: her request, and its answer. */
async function createGroup() {
  const [ann, bob, carl] = [await api.join(), await api.join(), await api.join()]
  const request = { participants: [bob.id, carl.id], title: ' Climbing ', client_id: randomUUID() }
  return { ann, bob, request, created: await ann.ask('POST', PATH, request) }
}

/** The envelopes of conversations that were published since the last call. */
async function published() {
  await api.services.announcer.settle()
  return record.take().filter(({ header }) => 'stream' in header && header.stream.startsWith('conversation:'))
}

t.test('a repeated request for a group answers the first group, and announces nothing', async t => {
  const { ann, request, created } = await createGroup()
  t.match(created, { status: 201, body: { is_group: true, title: 'Climbing', duplicate: false } })
  t.match(await published(), [{}])

  const { status, body } = await ann.ask('POST', PATH, request)

  t.same({ status, body }, { status: 200, body: { ...created.body, duplicate: true } })
  t.same(await published(), [])
})

t.test('another group under the same client_id is a conflict, and an invalid client_id is refused', async t => {
  const { ann, bob, request } = await createGroup()
  for (const other of [{ title: 'Bouldering' }, { history: 'all' }, { participants: [bob.id], is_group: true }])
    t.match(await ann.ask('POST', PATH, { ...request, ...other }), {
      ...{ status: 409, body: { code: 'client_id_conflict', detail: /another group/ } }
    })
  t.match(await ann.ask('POST', PATH, { ...request, client_id: 'x' }), { status: 400, body: { client_id: [/./] } })
})

t.test('a repeated request neither brings back an owner who left nor creates another group', async t => {
  const { ann, request, created } = await createGroup()
  await ann.ask('POST', `${PATH}${created.body.id}/leave/`)
  t.match(await ann.ask('POST', PATH, request), { status: 404 })
})

t.test('two people have one direct conversation, whatever the client_id', async t => {
  const { ann, bob, request } = await createGroup()
  const { client_id } = request
  const direct = await ann.ask('POST', PATH, { participants: [bob.id], client_id })
  t.match(direct, { status: 201, body: { is_group: false, duplicate: false } })
  const again = await ann.ask('POST', PATH, { participants: [bob.id], client_id: randomUUID() })
  t.match(again, { status: 200, body: { id: direct.body.id, duplicate: true } })
})
