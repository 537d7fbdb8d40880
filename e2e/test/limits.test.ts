import type { Event } from '@rendezvous/contract'
import t from 'tap'
import { newPerson } from './person.ts'
import { startStandalone } from './standalone.ts'

const WRITES = 30
const ATTEMPTS = 40

const server = await startStandalone(t.testdir(), { RATE_WRITE: `${WRITES}/10d` })
t.teardown(() => server.stop())

t.test('the writes of an account share one limit, over HTTP and all its sockets', async t => {
  const [ann, bob] = [await newPerson(server.url), await newPerson(server.url)]
  const { id } = await ann.http.openConversation(bob.id) // the first
  await ann.http.send(id, 'over HTTP') // the second
  const sockets = [await ann.connect(), await ann.connect()]
  t.teardown(() => {
    for (const socket of sockets) socket.close()
  })

  const send = (n: number) => sockets[n % 2]?.command({ type: 'send_message', conversation_id: id, content: `${n}` })
  const sent = await Promise.allSettled(Array.from({ length: ATTEMPTS }, (_, n) => send(n)))
  const refused = sent.filter(({ status }) => status === 'rejected')
  t.equal(sent.length - refused.length, WRITES - 2)
  for (const each of refused) t.match(each, { reason: { code: 'throttled' } })

  await t.rejects(ann.http.send(id, 'one more'), /^429 throttled/)
  const messages = await bob.http.request<Event[]>('GET', `/api/v1/conversations/${id}/messages/`)
  t.equal(messages.length, WRITES - 1, 'no refused message was stored')
  t.ok(await sockets[0]?.command({ type: 'ping' }), 'the socket stays open')
})
