import type { Event, Seq, SyncAnswer, SyncRequest } from '@rendezvous/contract'
import t from 'tap'
import { RequestFailed, statusOf } from '../src/index.ts'
import {
  AT,
  answer,
  BOB,
  CONVERSATION,
  conversation,
  created,
  event,
  ME,
  message,
  range,
  STREAM,
  start
} from './scripted.ts'

t.test('the next event is applied, a known one is ignored, and an early one waits', async t => {
  const { state, receive, asked, timers } = await start()
  await receive(created(6), created(6), created(8), created(7), created(7))
  t.match(state(), { position: 8, facts: { unread_count: 3, last_seq: 8 }, last: { content: 'text 8' } })
  t.same([...(state()?.messages.keys() ?? [])], [6, 7, 8])
  t.same(asked, ['{"since":null}'])
  t.equal(timers.size, 0, 'no timer is left')
})

t.test('the missing predecessors of early events are requested once', async t => {
  const sync = ({ ranges }: SyncRequest) =>
    ranges === undefined
      ? answer({ conversations: [conversation()] })
      : answer({ ranges: [range({ position: 7, head: 7, messages: [6, 7].map(seq => message(seq)) })] })
  const { state, receive, asked, timers, fire } = await start({ sync })
  await receive(created(8), created(9))
  t.same([...timers.values()], [500])
  t.equal(state()?.position, 5)
  await fire()
  t.same(asked.slice(1), [`{"ranges":[{"stream":"${STREAM}","after":5}]}`])
  t.equal(state()?.position, 9)
})

t.test(
  'no event is applied between two pages of a range, because the second may bring the changed message',
  async t => {
    const reaction = event('reaction_added', 7, { id: 106, message_seq: 6, emoji: '👍' })
    const reactions = [{ emoji: '👍', count: 1, mine: false }]
    const sync = ({ ranges }: SyncRequest): SyncAnswer => {
      if (ranges === undefined) return answer({ conversations: [conversation()] })
      if (ranges[0]?.after === 5) return answer({ ranges: [range({ position: 6, head: 7, more: true })] })
      store.receive(reaction)
      return answer({
        ranges: [range({ position: 7, head: 7, messages: [message(6, { changed_seq: 7, reactions })] })]
      })
    }
    const { store, receive, state } = await start({ sync })
    await receive({ type: 'resync', stream: STREAM } as Event)
    t.same(
      [...(state()?.messages.values() ?? [])].map(each => each.reactions),
      [reactions]
    )
  }
)

t.test('a request that failed is repeated', async t => {
  let down = true
  const sync = () => {
    if (down) throw new Error('no network')
    return answer({ conversations: [conversation()] })
  }
  const { state, fire, timers } = await start({ sync })
  t.same([...timers.values()], [2_000])
  down = false
  await fire()
  t.equal(state()?.position, 5)
})

t.test('a conversation whose position is above the head, or too far behind, is fetched again', async t => {
  for (const refuse of [
    () => {
      throw Object.assign(new Error(), { code: 'bad_position' })
    },
    () => answer({ ranges: [range({ status: 'restart', position: 5, head: 0 })] })
  ]) {
    const { receive, state, server, asked } = await start()
    server.sync = refuse
    server.conversation = () => conversation({ last_seq: 3 })
    await receive({ type: 'resync', stream: STREAM } as Event)
    t.equal(asked.at(-1), `conversation ${CONVERSATION}`)
    t.equal(state()?.position, 3)
  }
})

t.test(
  'when one of several positions is above the head, it is fetched again and the others are requested again',
  async t => {
    const other = conversation({ id: 8 })
    const { receive, server, asked } = await start({ sync: () => answer({ conversations: [conversation(), other] }) })
    server.sync = ({ ranges = [] }) => {
      const streams = ranges.map(({ stream }) => stream)
      if (streams.includes(STREAM)) throw new RequestFailed(400, { code: 'bad_position', errors: { ranges: [STREAM] } })
      return answer({ ranges: streams.map(stream => range({ stream, position: 5, head: 5 })) })
    }
    await receive({ type: 'resync', stream: STREAM } as Event, { type: 'resync', stream: 'conversation:8' } as Event)
    t.same(asked.slice(2), [`conversation ${CONVERSATION}`, '{"ranges":[{"stream":"conversation:8","after":5}]}'])
  }
)

t.test('on restart, conversations that no page names are dropped', async t => {
  const { receive, store, server } = await start()
  const other = conversation({ id: 8 })
  server.sync = ({ since }) =>
    since === 'next' ? answer({ restart: true, more: true, next: 'second' }) : answer({ conversations: [other] })
  await receive({ type: 'ready' } as Event)
  t.same([...store.conversations.keys()], [8])
})

t.test('an event of an unknown conversation fetches it', async t => {
  const { store, receive, asked } = await start({ sync: () => answer() })
  t.equal(store.conversations.size, 0)
  await receive(event('conversation_created', 5), created(6))
  t.same(asked.slice(1), [`conversation ${CONVERSATION}`])
  t.match(store.conversations.get(CONVERSATION), { position: 6, facts: { unread_count: 1 } })
})

t.test('resync of an unknown conversation fetches it; resync during the fetch requests its changes too', async t => {
  const { store, receive, asked, server } = await start({ sync: () => answer() })
  server.conversation = () => {
    if (asked.length === 2) store.receive({ type: 'resync', stream: STREAM } as Event)
    return conversation()
  }
  await receive({ type: 'resync', stream: STREAM } as Event)
  t.same(asked.slice(1), [`conversation ${CONVERSATION}`, `{"ranges":[{"stream":"${STREAM}","after":5}]}`])
  t.equal(store.conversations.get(CONVERSATION)?.position, 5)
})

t.test('an event that does not hold all that changed makes the store request the rest after a delay', async t => {
  const sync = ({ ranges }: SyncRequest) =>
    ranges === undefined
      ? answer({ conversations: [conversation({ last_message: message(4) })] })
      : answer({
          ranges: [
            range({ position: 6, head: 6, conversation: conversation({ last_seq: 6, last_message: message(3) }) })
          ]
        })
  const { receive, state, fire, asked } = await start({ sync })
  await receive(event('message_deleted', 6, { id: 104, message_seq: 4 }))
  t.match(state(), { stale: true, last: null })
  await fire()
  t.equal(asked.at(-1), `{"ranges":[{"stream":"${STREAM}","after":6}]}`)
  t.match(state(), { stale: false, last: { seq: 3 } })
})

t.test('an opened conversation has its messages, their changes and their status', async t => {
  const { store, receive, state } = await start()
  store.open(CONVERSATION)
  await store.settled()
  t.match(state(), { from: 0, position: 5, members: new Map() })
  const of = { id: 104, message_seq: 4 }
  await receive(
    event('message_edited', 6, { ...of, content: 'edited', mentions: [], edited_at: AT }),
    event('reaction_added', 7, { ...of, emoji: '👍', user_id: ME }),
    event('message_created', 8, { ...message(8), from: ME, to: BOB, seq: 8 })
  )
  const messages = [...(state()?.messages.values() ?? [])]
  t.match(messages, [
    { content: 'edited', reactions: [{ emoji: '👍', count: 1, mine: true }], changed_seq: 7 },
    { seq: 8 }
  ])
  const status = () => {
    const now = state()
    return now && [...now.messages.values()].map(each => statusOf(now, each, ME as never))
  }
  t.same(status(), ['read', 'sent'])
  await receive({
    type: 'message_read',
    id: 108,
    conversation_id: CONVERSATION,
    user_id: BOB,
    seq: 8 as Seq
  } as unknown as Event)
  t.same(status(), ['read', 'read'])
  store.close(CONVERSATION)
  t.match(state(), { messages: new Map(), members: null, from: 9 })
})

t.test('a removed member loses the conversation, and an older answer does not add it again', async t => {
  const { store } = await start()
  store.receive({ type: 'ready' } as Event)
  store.receive(event('member_left', 6, { user_ids: [ME], by: BOB, owner_id: null }))
  await store.settled()
  t.equal(store.conversations.size, 0)
})
