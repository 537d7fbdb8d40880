import t from 'tap'
import { newPerson } from './person.ts'
import { startStandalone } from './standalone.ts'

const SENDERS = 25
const SENDS = 1_000

t.test('heartbeats are answered while the embedded database is busy with sends', async t => {
  const server = await startStandalone(t.testdir())
  t.teardown(() => server.stop())
  const [ann, bob] = [await newPerson(server.url), await newPerson(server.url)]
  const { id } = await ann.http.openConversation(bob.id)
  const socket = await bob.connectV1()
  t.teardown(() => socket.close())

  let left = SENDS
  let acknowledged = 0
  const send = async () => {
    while (left-- > 0) {
      await ann.http.send(id, `message ${left}`)
      acknowledged++
    }
  }
  const senders = Promise.all(Array.from({ length: SENDERS }, send))
  let during = 0
  const sendPings = async () => {
    while (acknowledged < SENDS) {
      await socket.command({ type: 'ping' })
      if (acknowledged < SENDS) during++
    }
  }
  await Promise.all([senders, sendPings()])

  t.ok(during >= SENDS / SENDERS, `a ping was answered for each batch of sends at least, ${during} in all`)
  const seqs = new Set<number>()
  while (seqs.size < SENDS) seqs.add((await socket.next('message_created')).seq)
  t.equal(Math.max(...seqs) - Math.min(...seqs), SENDS - 1, 'every message arrived')
})
