import type { Event, Seq, SyncAnswer, SyncRequest } from '@rendezvous/contract'
import t from 'tap'
import { RequestFailed, statusOf } from '../src/index.ts'
import { AT, answer, BOB, conversation, event, ME, message, range, STREAM, said, start, TALK } from './scripted.ts'

t.test('the next event is applied, what is known is ignored, and what is early waits', async t => {
  const { talk, hear, asked, timers } = await start()
  await hear(said(6), said(6), said(8), said(7), said(7))
  t.match(talk(), { position: 8, facts: { unread_count: 3, last_seq: 8 }, last: { content: 'text 8' } })
  t.same([...(talk()?.messages.keys() ?? [])], [6, 7, 8])
  t.same(asked, ['{"since":null}'])
  t.equal(timers.size, 0, 'nothing waits any more')
})

t.test('what an early event waits for in vain is asked for, once', async t => {
  const sync = ({ ranges }: SyncRequest) =>
    ranges === undefined
      ? answer({ conversations: [conversation()] })
      : answer({ ranges: [range({ position: 7, head: 7, messages: [6, 7].map(seq => message(seq)) })] })
  const { talk, hear, asked, timers, fire } = await start({ sync })
  await hear(said(8), said(9))
  t.same([...timers.values()], [500])
  t.equal(talk()?.position, 5)
  await fire()
  t.same(asked.slice(1), [`{"ranges":[{"stream":"${STREAM}","after":5}]}`])
  t.equal(talk()?.position, 9)
})

t.test('between two pages of a range no event is applied: a message that changed later is still to come', async t => {
  const reaction = event('reaction_added', 7, { id: 106, message_seq: 6, emoji: '👍' })
  const reactions = [{ emoji: '👍', count: 1, mine: false }]
  const sync = ({ ranges }: SyncRequest): SyncAnswer => {
    if (ranges === undefined) return answer({ conversations: [conversation()] })
    if (ranges[0]?.after === 5) return answer({ ranges: [range({ position: 6, head: 7, more: true })] })
    store.receive(reaction)
    return answer({ ranges: [range({ position: 7, head: 7, messages: [message(6, { changed_seq: 7, reactions })] })] })
  }
  const { store, hear, talk } = await start({ sync })
  await hear({ type: 'resync', stream: STREAM } as Event)
  t.same(
    [...(talk()?.messages.values() ?? [])].map(each => each.reactions),
    [reactions]
  )
})

t.test('a request that failed is repeated', async t => {
  let down = true
  const sync = () => {
    if (down) throw new Error('no network')
    return answer({ conversations: [conversation()] })
  }
  const { talk, fire, timers } = await start({ sync })
  t.same([...timers.values()], [2_000])
  down = false
  await fire()
  t.equal(talk()?.position, 5)
})

t.test('a place above the head, and one that is too far behind, are read anew', async t => {
  for (const refuse of [
    () => {
      throw Object.assign(new Error(), { code: 'bad_position' })
    },
    () => answer({ ranges: [range({ status: 'restart', position: 5, head: 0 })] })
  ]) {
    const { hear, talk, server, asked } = await start()
    server.sync = refuse
    server.conversation = () => conversation({ last_seq: 3 })
    await hear({ type: 'resync', stream: STREAM } as Event)
    t.equal(asked.at(-1), `conversation ${TALK}`)
    t.equal(talk()?.position, 3)
  }
})

t.test('of several places the one that is above the head is read anew, and the others are asked for again', async t => {
  const other = conversation({ id: 8 })
  const { hear, server, asked } = await start({ sync: () => answer({ conversations: [conversation(), other] }) })
  server.sync = ({ ranges = [] }) => {
    const streams = ranges.map(({ stream }) => stream)
    if (streams.includes(STREAM)) throw new RequestFailed(400, { code: 'bad_position', errors: { ranges: [STREAM] } })
    return answer({ ranges: streams.map(stream => range({ stream, position: 5, head: 5 })) })
  }
  await hear({ type: 'resync', stream: STREAM } as Event, { type: 'resync', stream: 'conversation:8' } as Event)
  t.same(asked.slice(2), [`conversation ${TALK}`, '{"ranges":[{"stream":"conversation:8","after":5}]}'])
})

t.test('on restart, what is not named is dropped', async t => {
  const { hear, store, server } = await start()
  const other = conversation({ id: 8 })
  server.sync = ({ since }) =>
    since === 'next' ? answer({ restart: true, more: true, next: 'second' }) : answer({ conversations: [other] })
  await hear({ type: 'ready' } as Event)
  t.same([...store.talks.keys()], [8])
})

t.test('a conversation that an event tells of is read', async t => {
  const { store, hear, asked } = await start({ sync: () => answer() })
  t.equal(store.talks.size, 0)
  await hear(event('conversation_created', 5), said(6))
  t.same(asked.slice(1), [`conversation ${TALK}`])
  t.match(store.talks.get(TALK), { position: 6, facts: { unread_count: 1 } })
})

t.test(
  'a conversation that it is told to resync and does not know is read; one that is being read is asked for once more',
  async t => {
    const { store, hear, asked, server } = await start({ sync: () => answer() })
    server.conversation = () => {
      if (asked.length === 2) store.receive({ type: 'resync', stream: STREAM } as Event)
      return conversation()
    }
    await hear({ type: 'resync', stream: STREAM } as Event)
    t.same(asked.slice(1), [`conversation ${TALK}`, `{"ranges":[{"stream":"${STREAM}","after":5}]}`])
    t.equal(store.talks.get(TALK)?.position, 5)
  }
)

t.test('what an event does not tell whole is asked for after a while', async t => {
  const sync = ({ ranges }: SyncRequest) =>
    ranges === undefined
      ? answer({ conversations: [conversation({ last_message: message(4) })] })
      : answer({
          ranges: [
            range({ position: 6, head: 6, conversation: conversation({ last_seq: 6, last_message: message(3) }) })
          ]
        })
  const { hear, talk, fire, asked } = await start({ sync })
  await hear(event('message_deleted', 6, { id: 104, message_seq: 4 }))
  t.match(talk(), { stale: true, last: null })
  await fire()
  t.equal(asked.at(-1), `{"ranges":[{"stream":"${STREAM}","after":6}]}`)
  t.match(talk(), { stale: false, last: { seq: 3 } })
})

t.test('an opened conversation has its messages, changes of them, and how far they got', async t => {
  const { store, hear, talk } = await start()
  store.open(TALK)
  await store.settled()
  t.match(talk(), { from: 0, position: 5, members: new Map() })
  const of = { id: 104, message_seq: 4 }
  await hear(
    event('message_edited', 6, { ...of, content: 'edited', mentions: [], edited_at: AT }),
    event('reaction_added', 7, { ...of, emoji: '👍', user_id: ME }),
    event('message_created', 8, { ...message(8), from: ME, to: BOB, seq: 8 })
  )
  const messages = [...(talk()?.messages.values() ?? [])]
  t.match(messages, [
    { content: 'edited', reactions: [{ emoji: '👍', count: 1, mine: true }], changed_seq: 7 },
    { seq: 8 }
  ])
  const status = () => {
    const now = talk()
    return now && [...now.messages.values()].map(each => statusOf(now, each, ME as never))
  }
  t.same(status(), ['read', 'sent'])
  await hear({ type: 'message_read', id: 108, conversation_id: TALK, user_id: BOB, seq: 8 as Seq } as unknown as Event)
  t.same(status(), ['read', 'read'])
  store.close(TALK)
  t.match(talk(), { messages: new Map(), members: null, from: 9 })
})

t.test('who is taken out has the conversation no more, and an answer from before does not bring it back', async t => {
  const { store } = await start()
  store.receive({ type: 'ready' } as Event)
  store.receive(event('member_left', 6, { user_ids: [ME], by: BOB, owner_id: null }))
  await store.settled()
  t.equal(store.talks.size, 0)
})
