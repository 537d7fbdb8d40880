import type { Conversation, Member, Message } from '@rendezvous/contract'
import t from 'tap'
import { type Person, startApi } from '../app.ts'
import { addBlock } from '../database/engines.ts'

const PATH = '/api/v1/conversations/'
const api = await startApi(t)

/** A group of Ann's with Bob and Carl. */
async function group() {
  const [ann, bob, carl] = [await api.join(), await api.join(), await api.join()]
  const { body } = await ann.ask('POST', PATH, { participants: [bob.id, carl.id], title: 'Climbing' })
  return { ann, bob, carl, url: `${PATH}${body.id}/` }
}

t.test('a group message is read for each member who read it, and for its sender once one member did', async t => {
  const { ann, bob, carl, url } = await group()
  const { body: sent } = await ann.ask('POST', `${url}messages/`, { content: 'Saturday?' })
  const isRead = async (who: Person) =>
    ((await who.ask('GET', `${url}messages/${sent.id}/`)).body as { is_read?: boolean }).is_read

  t.same([await isRead(ann), await isRead(bob), await isRead(carl)], [false, false, false])
  t.match(await bob.ask('POST', `${url}messages/${sent.id}/mark_read/`), { body: { status: 'sent', is_read: true } })
  t.same([await isRead(ann), await isRead(bob), await isRead(carl)], [true, true, false])
  await carl.ask('POST', `${url}read/`, { seq: sent.seq, private: true })
  t.same([await isRead(ann), await isRead(bob), await isRead(carl)], [true, true, true])
})

t.test('a private reading is shown to no other member', async t => {
  const { ann, bob, url } = await group()
  const { body: sent } = await ann.ask('POST', `${url}messages/`, { content: 'Saturday?' })
  await bob.ask('POST', `${url}read/`, { seq: sent.seq, private: true })
  t.match(await ann.ask('GET', `${url}messages/${sent.id}/`), { body: { is_read: false } })
})

t.test('no answer shows a member the watermarks of a member across a block', async t => {
  const { ann, bob, carl, url } = await group()
  const { body: sent } = await ann.ask('POST', `${url}messages/`, { content: 'Saturday?' })
  await bob.ask('POST', `${url}messages/${sent.id}/mark_read/`)
  const told = async (who: Person) => {
    const [conversation, members, history] = await Promise.all(
      ['', 'members/', 'messages/'].map(async path => JSON.parse((await who.ask('GET', url + path)).text))
    )
    const { receipts, last_message } = conversation as Conversation
    return {
      receipts: receipts.map(({ user_id }) => user_id),
      members: (members as Member[]).filter(({ read_seq }) => read_seq !== null).map(({ user_id }) => user_id),
      isRead: [last_message, ...(history as Message[]).slice(-1)].map(message => message?.is_read)
    }
  }
  const everybody = [ann.id, bob.id, carl.id]
  t.same(await told(ann), { receipts: [bob.id, carl.id], members: everybody, isRead: [true, true] })

  await addBlock(api.open.database, bob.id, ann.id)
  t.same(await told(ann), { receipts: [carl.id], members: [ann.id, carl.id], isRead: [false, false] })
  t.same(await told(bob), { receipts: [carl.id], members: [bob.id, carl.id], isRead: [true, true] })
  t.same((await told(carl)).receipts, [ann.id, bob.id])

  await carl.ask('POST', `${url}messages/${sent.id}/mark_read/`)
  t.same((await told(ann)).isRead, [true, true])
})
