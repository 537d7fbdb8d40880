import type { ConversationId, Seq, UserId } from '@rendezvous/contract'
import t from 'tap'
import { type Person, startApi } from '../app.ts'
import { addPeople } from '../database/engines.ts'
import { recordingBus } from '../recording.ts'

const PATH = '/api/v1/conversations/'
const record = recordingBus()
const statements: string[] = []
const api = await startApi(t, {
  ports: ({ receipts }) => ({
    bus: record.bus,
    receipts: {
      advance: moves => noted('advance', () => receipts.advance(moves)),
      deliver: reports => noted('deliver', () => receipts.deliver(reports)),
      deliverAll: userId => noted('deliverAll', () => receipts.deliverAll(userId))
    }
  })
})
const { backend, announcer } = api.services

function noted<Answer>(name: string, call: () => Answer): Answer {
  statements.push(name)
  return call()
}

/** What was published since the last call. */
async function told() {
  await announcer.settle()
  return record.take()
}

/** A group of Ann and so many others, who never sign in. */
async function group(others: number) {
  const ann = await api.join()
  const userIds = await addPeople(api.open.database, others)
  const { body } = await ann.ask('POST', PATH, { participants: userIds, title: 'Climbing' })
  await told()
  return { ann, userIds, id: body.id as ConversationId, url: `${PATH}${body.id}/` }
}

const say = async (who: Person, url: string) =>
  (await who.ask('POST', `${url}messages/`, { content: 'Saturday?' })).body as unknown as { id: number; seq: Seq }

async function watermarks(conversation: ConversationId): Promise<Map<UserId, Seq>> {
  const rows = await api.open.database.query<{ user: UserId; delivered: Seq }>(
    {
      name: 'test_watermarks',
      text: 'SELECT user_id AS "user", delivered_seq AS delivered FROM membership WHERE conversation_id = $1'
    },
    [conversation]
  )
  return new Map(rows.map(({ user, delivered }) => [user, delivered]))
}

t.test(
  'a message that reached all of a group is one transaction and one envelope, a frame for each member',
  async t => {
    const { ann, userIds, id, url } = await group(9)
    const [first, second] = [await say(ann, url), await say(ann, url)]
    await told()
    statements.length = 0

    const report = { conversationId: id, seq: second.seq, userIds }
    await backend.delivered([report])
    t.same(statements, ['deliver'])
    const [envelope, ...others] = await told()
    t.same(others, [])
    t.match(envelope, { topics: [`room:${id}`], header: { kind: 'courtesy', conversation: id, after: { seq: 3 } } })
    const frames = [...(envelope?.frames ?? [])].sort((one, other) => one.user_id - other.user_id)
    t.match(
      frames,
      userIds.map(user_id => ({ type: 'message_delivered', id: second.id, seq: 3, user_id }))
    )
    t.not(first.id, second.id)

    await backend.delivered([report])
    t.same(await told(), [], 'each receipt is told once')
  }
)

t.test('reports of many conversations are one transaction', async t => {
  const [one, other] = [await group(3), await group(3)]
  const [a, b] = [await say(one.ann, one.url), await say(other.ann, other.url)]
  await told()
  statements.length = 0
  await backend.delivered([
    { conversationId: one.id, seq: a.seq, userIds: one.userIds },
    { conversationId: other.id, seq: b.seq, userIds: other.userIds }
  ])
  t.same(statements, ['deliver'])
  const topics = (await told()).map(envelope => envelope.topics)
  t.same(topics.flat().sort(), [`room:${one.id}`, `room:${other.id}`].sort())
})

t.test('receipts of several members that say so themselves are one envelope too, delivered before read', async t => {
  const { ann, userIds, id, url } = await group(2)
  const { seq } = await say(ann, url)
  await told()
  const { receipts } = api.services
  await Promise.all(userIds.map(userId => receipts.read(userId, id, seq)))
  t.same(
    (await told()).map(({ topics, frames }) => [...topics, ...frames.map(frame => frame.type)]),
    [
      [`room:${id}`, 'message_delivered', 'message_delivered'],
      [`room:${id}`, 'message_read', 'message_read']
    ]
  )
})

t.test('gateways are told that a large group has no receipts, whatever is said in it', async t => {
  const { ann, userIds, url } = await group(32)
  await say(ann, url)
  await ann.ask('PATCH', url, { title: 'Bouldering' })
  t.same(
    (await told()).map(({ header }) => 'receipts' in header && header.receipts),
    [false, false]
  )

  await ann.ask('POST', `${url}members/remove/`, { user_ids: userIds.slice(0, 1) })
  await say(ann, url)
  t.ok(
    (await told()).every(({ header }) => !('receipts' in header)),
    'those of 32 have'
  )
})

t.test('in a large group a delivery is neither stored nor told, and only reading moves the own position', async t => {
  const { ann, userIds, id, url } = await group(32)
  const { seq } = await say(ann, url)
  await told()
  const before = await watermarks(id)
  const eve = userIds[0] as UserId

  await backend.delivered([{ conversationId: id, seq, userIds }])
  await backend.deliverWaiting(userIds)
  t.equal(await api.services.receipts.deliver(eve, id, seq), 0)
  t.same(await watermarks(id), before)
  t.same(await told(), [])

  t.match((await ann.ask('GET', url)).body, { delivered_seq: 0, read_seq: 0 })
  await ann.ask('POST', `${url}read/`, { seq })
  t.match((await ann.ask('GET', url)).body, { delivered_seq: seq, read_seq: seq }, 'who read it got it')
  t.same(await watermarks(id), new Map(before).set(ann.id, seq))
  const toOwnDevices = { topics: [`user:${ann.id}`], header: { dialect: 'rendezvous.v1' } }
  t.match(await told(), [{ ...toOwnDevices, frames: [{ type: 'message_read', private: true }] }])
})
