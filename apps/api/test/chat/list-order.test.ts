import t from 'tap'
import type { Person } from '../app.ts'
import { PATH, startGroupApi } from './group-api.ts'

const { api, group } = await startGroupApi(t)

/** A group of Ann, Bob and Carl with one message, and a later conversation of Ann and Bob with one. */
async function start() {
  const made = await group()
  const { ann, bob } = made
  const older = await ann.ask('POST', `${made.url}messages/`, { content: 'older' })
  const { body: direct } = await ann.ask('POST', PATH, { participants: [bob.id] })
  await bob.ask('POST', `${PATH}${direct.id}/messages/`, { content: 'newer' })
  return { ...made, message: `${made.url}messages/${older.body.id}/`, direct: direct.id as number }
}

async function listOf(person: Person) {
  const { body } = await person.ask('GET', PATH)
  return (body as unknown as readonly { id: number; updated_at: string }[]).map(({ id, updated_at }) => ({
    id,
    updated_at
  }))
}

async function idsOf(person: Person) {
  return (await listOf(person)).map(({ id }) => id)
}

t.test('reactions, edits, pins, roles, settings and deletions do not lift a conversation', async t => {
  const { ann, bob, id, url, message, direct } = await start()
  const before = await listOf(ann)
  t.same(
    before.map(each => each.id),
    [direct, id]
  )
  const changes = [
    () => bob.ask('PUT', `${message}reactions/👍/`),
    () => ann.ask('PATCH', message, { content: 'edited' }),
    () => ann.ask('PUT', `${message}pin/`),
    () => ann.ask('PATCH', `${url}members/${bob.id}/`, { role: 'admin' }),
    () => ann.ask('PATCH', url, { history: 'all' }),
    () => ann.ask('DELETE', message)
  ]
  for (const change of changes) {
    t.ok((await change()).status < 300)
    t.same(await idsOf(ann), [direct, id])
  }
  t.same(
    (await listOf(ann)).map(each => each.updated_at),
    before.map(each => each.updated_at)
  )
})

t.test('a message and the own joining lift a conversation, and pages follow that order', async t => {
  const { ann, bob, carl, id, url, direct } = await start()
  await bob.ask('POST', `${url}messages/`, { content: 'newest' })
  t.same(await idsOf(ann), [id, direct])
  const first = await ann.ask('GET', `${PATH}?limit=1`)
  t.match(first.body.results, [{ id }])
  t.match((await ann.ask('GET', first.body.next)).body.results, [{ id: direct }])

  const { body: other } = await carl.ask('POST', PATH, { participants: [ann.id] })
  await ann.ask('POST', `${PATH}${other.id}/leave/`)
  await bob.ask('POST', `${url}messages/`, { content: 'newest' })
  await ann.ask('POST', PATH, { participants: [carl.id] })
  t.same(await idsOf(ann), [other.id, id, direct], 'Ann joined again')
  t.same(await idsOf(carl), [id, other.id], 'which lifts it for her alone')
})

t.test('sync still answers a conversation with a reaction as changed', async t => {
  const { ann, bob, id, message } = await start()
  const { body: synced } = await ann.ask('POST', '/api/v1/sync/', { since: null })
  await bob.ask('PUT', `${message}reactions/👍/`)
  const { body } = await ann.ask('POST', '/api/v1/sync/', { since: synced.next })
  t.ok(JSON.stringify(body).includes(String(id)))
})

t.test('a row of an earlier release keeps the time of its last change', async t => {
  const { ann, bob, id, message, direct } = await start()
  await api.open.database.query(
    { name: 'test_old_row', text: 'ALTER TABLE conversation DISABLE TRIGGER conversation_active' },
    []
  )
  await api.open.database.query(
    { name: 'test_old_rows', text: 'UPDATE conversation SET active_at = NULL WHERE id = ANY ($1::bigint[])' },
    [[id, direct]]
  )
  await api.open.database.query(
    { name: 'test_new_row', text: 'ALTER TABLE conversation ENABLE TRIGGER conversation_active' },
    []
  )
  t.same(await idsOf(ann), [direct, id])
  await bob.ask('PUT', `${message}reactions/👍/`)
  t.same(await idsOf(ann), [direct, id])
})
