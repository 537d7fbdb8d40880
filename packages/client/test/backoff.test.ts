import type { Conversation, ConversationId, Event, SyncAnswer, SyncRequest } from '@rendezvous/contract'
import t from 'tap'
import { answer, CONVERSATION, conversation, created, event, ME, range, STREAM, start } from './scripted.ts'

const resync = { type: 'resync', stream: STREAM } as Event
const refusal = () => Object.assign(new Error('500 internal_error'), { code: 'internal_error' })

/** The answers of a server whose ranges are `ranges`. */
function answering(...ranges: SyncAnswer['ranges']): (request: SyncRequest) => SyncAnswer {
  return request => answer(request.ranges === undefined ? { conversations: [conversation()] } : { ranges })
}

/** Fires the timers `count` times. Returns the delays before each round. */
async function waits({ timers, fire }: Awaited<ReturnType<typeof start>>, count: number): Promise<number[][]> {
  const found: number[][] = []
  for (let round = 0; round < count; round++) {
    found.push([...timers.values()])
    await fire()
  }
  return found
}

t.test('a conversation that cannot be fetched delays no other, and is retried with backoff', async t => {
  const [broken, healthy] = [8 as ConversationId, 9 as ConversationId]
  let isBroken = true
  const read = (id: number): Conversation => {
    if (id === broken && isBroken) throw refusal()
    return conversation({ id })
  }
  const client = await start({ conversation: read })
  const { store, receive, asked } = client
  await receive(...[broken, healthy].map(id => event('conversation_created', 5, { conversation_id: id })), created(6))
  t.same([...store.conversations.keys()], [CONVERSATION, healthy])
  t.match(client.state(), { position: 6 })
  await client.fire()
  t.same(
    await waits(client, 6),
    [4_000, 8_000, 16_000, 32_000, 64_000, 64_000].map(ms => [ms])
  )
  const before = asked.length
  await receive(event('message_created', 6, { conversation_id: broken }))
  t.equal(asked.length, before, 'an event does not shorten the delay')
  isBroken = false
  await receive({ type: 'ready' } as Event)
  t.ok(store.conversations.has(broken), 'ready ends the delay')
  t.equal(client.timers.size, 0)
})

t.test('an unreachable server gets one request, and then all requests wait', async t => {
  const down = (): Conversation => {
    throw new Error('no network')
  }
  const { receive, asked, timers } = await start({ conversation: down })
  await receive(...[8, 9, 10].map(id => event('conversation_created', 5, { conversation_id: id })))
  t.same(asked.slice(1), ['conversation 8'])
  t.same([...timers.values()], [2_000])
})

t.test('pages or ranges that never end are requested a few times, then with backoff', async t => {
  for (const more of [{ more: true }, { more: true, restart: true }]) {
    const client = await start({ sync: () => answer({ conversations: [conversation()], ...more }) })
    t.ok(client.asked.length < 20, `${client.asked.length} requests`)
    t.same(await waits(client, 3), [[2_000], [4_000], [8_000]])
  }
  const client = await start({ sync: answering(range({ position: 5, head: 9, more: true })) })
  await client.receive(resync)
  t.equal(client.asked.length, 2)
  t.same(await waits(client, 3), [[2_000], [4_000], [8_000]])
})

t.test('a range that lacks the change of a known event is requested with backoff', async t => {
  for (const ranges of [[], [range({ position: 5, head: 5 })]]) {
    const client = await start({ sync: answering(...ranges) })
    await client.receive(created(8))
    t.same(await waits(client, 4), [[500], [2_000], [4_000], [8_000]])
    t.equal(client.asked.length, 5, 'one request after each delay')
    client.server.sync = answering(range({ position: 8, head: 8 }))
    await client.fire()
    t.equal(client.timers.size, 0)
    await client.receive(created(10))
    t.same([...client.timers.values()], [500], 'success resets the backoff')
  }
})

t.test('a range that always answers restart is refetched once per request', async t => {
  const { receive, asked, timers } = await start({ sync: answering(range({ status: 'restart', more: true })) })
  await receive(resync)
  t.same(asked.slice(1), [`{"ranges":[{"stream":"${STREAM}","after":5}]}`, `conversation ${CONVERSATION}`])
  t.equal(timers.size, 0)
})

t.test('a fetched conversation that is older than an event is fetched again with backoff', async t => {
  const client = await start()
  await client.receive(event('member_joined', 6, { user_ids: [ME], by: ME }))
  t.ok(client.asked.length < 5, `${client.asked.length} requests`)
  t.same(await waits(client, 3), [[2_000], [4_000], [8_000]])
  client.server.conversation = () => conversation({ last_seq: 6 })
  await client.fire()
  t.equal(client.state()?.position, 6)
  t.equal(client.timers.size, 0)
})
