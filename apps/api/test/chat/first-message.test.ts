import { randomUUID } from 'node:crypto'
import t from 'tap'
import { startApi } from '../app.ts'
import { recordingBus } from '../recording.ts'

const PATH = '/api/v1/conversations/'
const record = recordingBus()
const api = await startApi(t, { ports: () => ({ bus: record.bus }) })

async function told(): Promise<string[]> {
  await api.services.announcer.settle()
  return record
    .take()
    .flatMap(({ frames }) => frames.flatMap(({ type, content }) => (content ? [`${type} ${content}`] : [])))
}

t.test('the message of a new conversation is its first message, under any name that clients use', async t => {
  for (const name of ['message', 'initial_message', 'first_message', 'content', 'text', 'body']) {
    const [ann, bob] = [await api.join(), await api.join()]
    const opened = await ann.ask('POST', PATH, { participant_id: bob.id, [name]: `hello by ${name}` })
    t.match(opened, { status: 201, body: { last_message: { content: `hello by ${name}`, sender: ann.id } } })
    t.match((await bob.ask('GET', `${PATH}${opened.body.id}/messages/`)).body, [{ content: `hello by ${name}` }])
    t.ok((await told()).includes(`message_created hello by ${name}`), 'it is announced')
  }
})

t.test('in a conversation that exists it is the next message', async t => {
  const [ann, bob] = [await api.join(), await api.join()]
  const { body: first } = await bob.ask('POST', PATH, { participant_id: ann.id, message: 'one' })
  const again = await ann.ask('POST', PATH, { participant_id: bob.id, message: 'two' })
  t.match(again, { status: 200, body: { id: first.id, last_message: { content: 'two' } } })
})

t.test('a new group has a first message too, and a repeated client_id stores neither again', async t => {
  const [ann, bob, carl] = [await api.join(), await api.join(), await api.join()]
  const body = { participants: [bob.id, carl.id], title: 'Climbing', message: 'Saturday?', client_id: randomUUID() }
  const created = await ann.ask('POST', PATH, body)
  t.match(created, { status: 201, body: { is_group: true, last_message: { content: 'Saturday?' } } })
  t.match(await ann.ask('POST', PATH, body), { status: 200, body: { id: created.body.id, duplicate: true } })
  const messages = (await bob.ask('GET', `${PATH}${created.body.id}/messages/`)).body
  t.equal(messages.filter(({ content }: { content: string }) => content === 'Saturday?').length, 1)
})

t.test('an invalid message opens no conversation', async t => {
  const [ann, bob] = [await api.join(), await api.join()]
  for (const message of ['', '\u200b', 'x'.repeat(4_001)])
    t.match(await ann.ask('POST', PATH, { participant_id: bob.id, message }), {
      status: 400,
      body: { message: [String] }
    })
  t.same((await ann.ask('GET', PATH)).body, [])
})
