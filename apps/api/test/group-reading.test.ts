import t from 'tap'
import { type Person, startApi } from './app.ts'

const PATH = '/api/v1/conversations/'
const api = await startApi(t)

/** Ann's group, with Bob and Carl in it. */
async function group() {
  const [ann, bob, carl] = [await api.join(), await api.join(), await api.join()]
  const { body } = await ann.ask('POST', PATH, { participants: [bob.id, carl.id], is_group: true })
  return { ann, bob, carl, url: `${PATH}${body.id}/` }
}

t.test('a message of a group is read for who read it, and for its sender once anybody did', async t => {
  const { ann, bob, carl, url } = await group()
  const { body: sent } = await ann.ask('POST', `${url}messages/`, { content: 'Saturday?' })
  const isRead = async (who: Person) =>
    ((await who.ask('GET', `${url}messages/${sent.id}/`)).body as { is_read?: boolean }).is_read

  t.same([await isRead(ann), await isRead(bob), await isRead(carl)], [false, false, false])
  await bob.ask('POST', `${url}messages/${sent.id}/mark_read/`)
  t.same([await isRead(ann), await isRead(bob), await isRead(carl)], [true, true, false])
  await carl.ask('POST', `${url}read/`, { seq: sent.seq, private: true })
  t.same([await isRead(ann), await isRead(bob), await isRead(carl)], [true, true, true])
})

t.test('nobody learns of private reading', async t => {
  const { ann, bob, url } = await group()
  const { body: sent } = await ann.ask('POST', `${url}messages/`, { content: 'Saturday?' })
  await bob.ask('POST', `${url}read/`, { seq: sent.seq, private: true })
  t.match(await ann.ask('GET', `${url}messages/${sent.id}/`), { body: { is_read: false } })
})
