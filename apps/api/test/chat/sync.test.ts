import { limits } from '@rendezvous/contract'
import t from 'tap'
import { startApi } from '../app.ts'
import { CONVERSATIONS, openGroup, PATH, streamOf, sync } from './sync-client.ts'

const api = await startApi(t)

t.test('a new client gets its conversations, and then what changed since', async t => {
  const { ann, bob, id, url, stream } = await openGroup(api)
  const direct = await ann.ask('POST', CONVERSATIONS, { participants: [bob.id] })
  const whole = await sync(bob, {})
  t.match(whole, { more: false, restart: false, left: { length: 0 }, ranges: { length: 0 } })
  t.same(whole.conversations.map(each => each.id).sort(), [id, direct.body.id].sort())
  t.same(
    whole.conversations.find(each => each.id === id),
    (await bob.ask('GET', url)).body
  )
  t.same((await sync(bob, { since: null })).conversations, whole.conversations)

  const range = await sync(bob, { ranges: [{ stream, after: 1 }] })
  t.match(range, {
    next: null,
    conversations: { length: 0 },
    ranges: [{ stream, status: 'ok', position: 2, head: 2, more: false }]
  })
  t.same(range.ranges[0]?.messages, (await bob.ask('GET', `${url}messages/`)).body)
  t.same(range.ranges[0]?.conversation, (await bob.ask('GET', url)).body)
  const all = await sync(bob, { ranges: [{ stream, after: 0 }] })
  t.same(all.ranges[0]?.members, (await bob.ask('GET', `${url}members/`)).body)

  await bob.ask('POST', `${url}leave/`)
  const gone = await sync(bob, { since: whole.next, ranges: [{ stream, after: 2 }] })
  t.match(gone, { left: [id], ranges: [{ status: 'gone', conversation: null }] })
})

t.test('pages are bounded by the limit, and end', async t => {
  const ann = await api.join()
  const ids: number[] = []
  for (let n = 0; n < 3; n++) {
    const other = await api.join()
    ids.push((await ann.ask('POST', CONVERSATIONS, { participants: [other.id] })).body.id)
  }
  const seen: number[] = []
  let page = await sync(ann, { limit: 2 })
  for (; page.more; page = await sync(ann, { limit: 2, since: page.next }))
    seen.push(...page.conversations.map(({ id }) => id))
  seen.push(...page.conversations.map(({ id }) => id))
  t.same(seen, ids)
})

t.test('the since of another person starts anew, and an invalid since is refused', async t => {
  const { ann, bob } = await openGroup(api)
  const { next } = await sync(ann, {})
  t.match(await sync(bob, { since: next }), { restart: true, conversations: [{}] })
  for (const since of ['x', 'e30', '💥', `${next}x`, Buffer.from('{"v":1,"user":1}').toString('base64url')])
    t.match(await ann.ask('POST', PATH, { since }), { status: 400, body: { code: 'invalid_since' } }, since)
})

t.test("a person's own stream is answered, and another person's is gone", async t => {
  const { ann, bob, stream } = await openGroup(api)
  const eve = await api.join()
  const ranges = [
    `user:${eve.id}`,
    `user:${ann.id}`,
    `user:${bob.id}`,
    'user:9999999999999999',
    stream,
    'conversation:9999999999999999'
  ]
  const answer = await sync(eve, { ranges: ranges.map(name => ({ stream: name, after: 0 })) })
  t.same(
    answer.ranges.map(({ stream: name, status }) => [name, status]),
    ranges.map((name, index) => [name, index === 0 ? 'ok' : 'gone'])
  )
  t.match(answer.ranges[0], { position: 1, head: 1, more: false, events: [{}], conversation: null })
})

t.test('a personal stream is read page by page, and restarts below the oldest event that is kept', async t => {
  const ann = await api.join()
  const stream = `user:${ann.id}`
  const sessions = await ann.ask('GET', '/api/v1/auth/sessions/')
  await ann.ask('POST', '/api/v1/auth/logout/')
  const again = await api.again(ann)
  const rangeAfter = async (after: number, limit = 100) =>
    (await sync(again, { ranges: [{ stream, after }], limit })).ranges[0]

  const common = { v: 1, stream }
  const session_id = String(sessions.body[0]?.id)
  t.match(await rangeAfter(0, 2), {
    ...{ status: 'ok', position: 2, head: 3, more: true },
    events: [
      { type: 'session_started', seq: 1, session_id, ...common },
      { type: 'session_ended', seq: 2, session_id, reason: 'logged_out', ...common }
    ]
  })
  t.match(await rangeAfter(2, 2), { position: 3, head: 3, more: false, events: [{ type: 'session_started', seq: 3 }] })
  t.match(await rangeAfter(3), { status: 'ok', position: 3, more: false, events: { length: 0 } })

  const forget = { name: 'test_raise_floor', text: 'UPDATE person SET stream_floor = 2 WHERE id = $1' }
  await api.open.database.query(forget, [ann.id])
  t.match(await rangeAfter(1), { status: 'restart', events: { length: 0 } })
  t.match(await rangeAfter(0), { status: 'ok', position: 3, events: [{ seq: 3 }] })
})

t.test('ranges that do not fit together are deferred, and a repeated sync answers them', async t => {
  const ann = await api.join()
  const bio = '😀'.repeat(limits.bioCharacters)
  const others = await Promise.all(Array.from({ length: 40 }, () => api.join()))
  const text = 'UPDATE person SET bio = $1 WHERE id = ANY ($2::int[])'
  await api.open.database.query({ name: 'test_bio', text }, [bio, others.map(({ id }) => id)])
  const ids: number[] = []
  for (let n = 0; n < 3; n++) {
    const participants = others.map(({ id }) => id)
    ids.push((await ann.ask('POST', CONVERSATIONS, { participants })).body.id)
  }
  const { ranges } = await sync(ann, { ranges: ids.map(id => ({ stream: streamOf(id), after: 1 })) })
  t.match(ranges, [
    { more: false, conversation: { id: ids[0] } },
    { more: true, position: 1, conversation: null },
    { more: true, position: 1, conversation: null }
  ])
  const changed = await sync(ann, {})
  t.match(changed, { more: true, conversations: [{ id: ids[0] }] })
  t.match(await sync(ann, { since: changed.next }), { more: true, conversations: [{ id: ids[1] }] })
})
