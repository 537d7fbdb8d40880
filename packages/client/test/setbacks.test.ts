import type { Conversation, ConversationId, Event, SyncAnswer, SyncRequest } from '@rendezvous/contract'
import t from 'tap'
import { answer, conversation, event, ME, range, STREAM, said, start, TALK } from './scripted.ts'

const resync = { type: 'resync', stream: STREAM } as Event
const refusal = () => Object.assign(new Error('500 internal_error'), { code: 'internal_error' })

/** Answers of a server whose ranges are `ranges`. */
function telling(...ranges: SyncAnswer['ranges']): (request: SyncRequest) => SyncAnswer {
  return request => answer(request.ranges === undefined ? { conversations: [conversation()] } : { ranges })
}

/** The waits of `count` rounds of what is asked for in vain, each fired when its time has come. */
async function waits({ timers, fire }: Awaited<ReturnType<typeof start>>, count: number): Promise<number[][]> {
  const found: number[][] = []
  for (let round = 0; round < count; round++) {
    found.push([...timers.values()])
    await fire()
  }
  return found
}

t.test('a conversation that cannot be read holds up no other, and is asked for later each time', async t => {
  const [broken, whole] = [8 as ConversationId, 9 as ConversationId]
  let isBroken = true
  const read = (id: number): Conversation => {
    if (id === broken && isBroken) throw refusal()
    return conversation({ id })
  }
  const client = await start({ conversation: read })
  const { store, hear, asked } = client
  await hear(...[broken, whole].map(id => event('conversation_created', 5, { conversation_id: id })), said(6))
  t.same([...store.talks.keys()], [TALK, whole])
  t.match(client.talk(), { position: 6 })
  await client.fire()
  t.same(
    await waits(client, 6),
    [4_000, 8_000, 16_000, 32_000, 64_000, 64_000].map(ms => [ms])
  )
  const before = asked.length
  await hear(event('message_created', 6, { conversation_id: broken }))
  t.equal(asked.length, before, 'an event does not hurry it')
  isBroken = false
  await hear({ type: 'ready' } as Event)
  t.ok(store.talks.has(broken), 'ready does')
  t.equal(client.timers.size, 0)
})

t.test('while the server cannot be reached, one request finds that out', async t => {
  const down = (): Conversation => {
    throw new Error('no network')
  }
  const { hear, asked, timers } = await start({ conversation: down })
  await hear(...[8, 9, 10].map(id => event('conversation_created', 5, { conversation_id: id })))
  t.same(asked.slice(1), ['conversation 8'])
  t.same([...timers.values()], [2_000])
})

t.test('pages without end, and ranges without end, are asked for a few times and then later', async t => {
  for (const more of [{ more: true }, { more: true, restart: true }]) {
    const client = await start({ sync: () => answer({ conversations: [conversation()], ...more }) })
    t.ok(client.asked.length < 20, `${client.asked.length} requests`)
    t.same(await waits(client, 3), [[2_000], [4_000], [8_000]])
  }
  const client = await start({ sync: telling(range({ position: 5, head: 9, more: true })) })
  await client.hear(resync)
  t.equal(client.asked.length, 2)
  t.same(await waits(client, 3), [[2_000], [4_000], [8_000]])
})

t.test('a range that never tells what an event told of is asked for later each time', async t => {
  for (const ranges of [[], [range({ position: 5, head: 5 })]]) {
    const client = await start({ sync: telling(...ranges) })
    await client.hear(said(8))
    t.same(await waits(client, 4), [[500], [2_000], [4_000], [8_000]])
    t.equal(client.asked.length, 5, 'once each time')
    client.server.sync = telling(range({ position: 8, head: 8 }))
    await client.fire()
    t.equal(client.timers.size, 0)
    await client.hear(said(10))
    t.same([...client.timers.values()], [500], 'what came to something counts no more')
  }
})

t.test('restart again and again is read anew each time it is asked for, and no more often', async t => {
  const { hear, asked, timers } = await start({ sync: telling(range({ status: 'restart', more: true })) })
  await hear(resync)
  t.same(asked.slice(1), [`{"ranges":[{"stream":"${STREAM}","after":5}]}`, `conversation ${TALK}`])
  t.equal(timers.size, 0)
})

t.test('a conversation that is read as older than what was told of it is read later again', async t => {
  const client = await start()
  await client.hear(event('member_joined', 6, { user_ids: [ME], by: ME }))
  t.ok(client.asked.length < 5, `${client.asked.length} requests`)
  t.same(await waits(client, 3), [[2_000], [4_000], [8_000]])
  client.server.conversation = () => conversation({ last_seq: 6 })
  await client.fire()
  t.equal(client.talk()?.position, 6)
  t.equal(client.timers.size, 0)
})
