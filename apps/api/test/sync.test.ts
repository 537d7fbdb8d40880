import { limits, rates, type SyncAnswer } from '@rendezvous/contract'
import t from 'tap'
import { type Person, startApi } from './app.ts'

const PATH = '/api/v1/sync/'
const CONVERSATIONS = '/api/v1/conversations/'
const api = await startApi(t)
const streamOf = (id: number) => `conversation:${id}`

/** What `person` is answered. */
async function sync(person: Person, body: object): Promise<SyncAnswer> {
  const { status, text } = await person.ask('POST', PATH, body)
  if (status !== 200) throw new Error(text)
  return JSON.parse(text)
}

/** Ann's group with Bob, in which she said something. */
async function group() {
  const [ann, bob] = [await api.join(), await api.join()]
  const { body } = await ann.ask('POST', CONVERSATIONS, { participants: [bob.id], is_group: true, title: 'Climbing' })
  const url = `${CONVERSATIONS}${body.id}/`
  const sent = await ann.ask('POST', `${url}messages/`, { content: 'hello' })
  return { ann, bob, id: body.id, url, stream: streamOf(body.id), first: sent.body }
}

t.test('a client that has nothing gets its conversations, and goes on from there', async t => {
  const { ann, bob, id, url, stream } = await group()
  const direct = await ann.ask('POST', CONVERSATIONS, { participants: [bob.id] })
  const whole = await sync(bob, {})
  t.match(whole, { more: false, restart: false, left: [], ranges: [] })
  t.same(whole.conversations.map(each => each.id).sort(), [id, direct.body.id].sort())
  t.same(
    whole.conversations.find(each => each.id === id),
    (await bob.ask('GET', url)).body
  )
  t.same((await sync(bob, { since: null })).conversations, whole.conversations)

  const range = await sync(bob, { ranges: [{ stream, after: 1 }] })
  t.match(range, {
    next: null,
    conversations: [],
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

t.test('a since of another person, and one that is none', async t => {
  const { ann, bob } = await group()
  const { next } = await sync(ann, {})
  t.match(await sync(bob, { since: next }), { restart: true, conversations: [{}] })
  for (const since of ['x', 'e30', '💥', `${next}x`, Buffer.from('{"v":1,"user":1}').toString('base64url')])
    t.match(await ann.ask('POST', PATH, { since }), { status: 400, body: { code: 'invalid_since' } }, since)
})

t.test('a place above the head is refused whole, and named', async t => {
  const { ann, stream } = await group()
  const own = `user:${ann.id}`
  const answer = await ann.ask('POST', PATH, {
    since: null,
    ranges: [
      { stream, after: 99 },
      { stream: own, after: 2 },
      { stream: streamOf(5), after: 9 }
    ]
  })
  t.match(answer, { status: 400, body: { code: 'bad_position', errors: { ranges: [stream, own] } } })
  t.notOk('conversations' in answer.body)
})

t.test("one's own stream answers, that of another does not exist", async t => {
  const { ann, bob, stream } = await group()
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

t.test("what was told on one's own stream is found again, page by page, and anew below what is kept", async t => {
  const ann = await api.join()
  const stream = `user:${ann.id}`
  const sessions = await ann.ask('GET', '/api/v1/auth/sessions/')
  await ann.ask('POST', '/api/v1/auth/logout/')
  const again = await api.again(ann)
  const rangeAfter = async (after: number, limit = 100) =>
    (await sync(again, { ranges: [{ stream, after }], limit })).ranges[0]

  const told = { v: 1, stream }
  const session_id = String(sessions.body[0]?.id)
  t.match(await rangeAfter(0, 2), {
    ...{ status: 'ok', position: 2, head: 3, more: true },
    events: [
      { type: 'session_started', seq: 1, session_id, ...told },
      { type: 'session_ended', seq: 2, session_id, reason: 'logged_out', ...told }
    ]
  })
  t.match(await rangeAfter(2, 2), { position: 3, head: 3, more: false, events: [{ type: 'session_started', seq: 3 }] })
  t.match(await rangeAfter(3), { status: 'ok', position: 3, more: false, events: [] })

  const forget = { name: 'test_raise_floor', text: 'UPDATE person SET stream_floor = 2 WHERE id = $1' }
  await api.open.database.query(forget, [ann.id])
  t.match(await rangeAfter(1), { status: 'restart', events: [] })
  t.match(await rangeAfter(0), { status: 'ok', position: 3, events: [{ seq: 3 }] })
})

t.test('what is no request', async t => {
  const { ann, stream } = await group()
  const range = { stream, after: 0 }
  const bad: [body: object, field: string][] = [
    [{ limit: 0 }, 'limit'],
    [{ limit: -1 }, 'limit'],
    [{ limit: 1e9 }, 'limit'],
    [{ limit: '10' }, 'limit'],
    [{ since: 7 }, 'since'],
    [{ since: '' }, 'since'],
    [{ since: 'x'.repeat(limits.cursorCharacters + 1) }, 'since'],
    [{ ranges: {} }, 'ranges'],
    [{ ranges: ['x'] }, 'ranges'],
    [{ ranges: [{ stream }] }, 'ranges'],
    [{ ranges: [{ ...range, more: true }] }, 'ranges'],
    [{ ranges: [{ stream, after: -1 }] }, 'ranges'],
    [{ ranges: [{ stream, after: '1' }] }, 'ranges'],
    [{ ranges: [{ stream, after: 2 ** 31 }] }, 'ranges'],
    [{ ranges: [{ stream: 'conversation:0', after: 1 }] }, 'ranges'],
    [{ ranges: [{ stream: 'room:1', after: 1 }] }, 'ranges'],
    [{ ranges: [range, { stream, after: 1 }] }, 'ranges'],
    [{ ranges: Array.from({ length: 51 }, (_, n) => ({ stream: streamOf(n + 1), after: 0 })) }, 'ranges'],
    [{ sinces: null }, 'sinces']
  ]
  for (const [body, field] of bad) {
    const answer = await ann.ask('POST', PATH, body)
    t.match(
      answer,
      { status: 400, body: { code: 'invalid', errors: { [field]: [String] } } },
      JSON.stringify(body).slice(0, 80)
    )
  }
  const full = Array.from({ length: 50 }, (_, n) => ({ stream: streamOf(n + 1), after: 0 }))
  t.equal((await sync(ann, { ranges: full })).ranges.length, 50)
})

t.test('ranges that are too long together wait, and come when asked for again', async t => {
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

t.test('over the socket it is the same, and counts in the same rate', async t => {
  const limited = await startApi(t, {
    ports: () => ({ commandRates: { ...rates, sync: { limit: 2, windowMs: 60_000 } } })
  })
  const [ann, bob] = [await limited.join(), await limited.join()]
  const { body } = await ann.ask('POST', CONVERSATIONS, { participants: [bob.id] })
  const verified = limited.tokens.verifyAccess(ann.access)
  if (!verified.ok) throw new Error(verified.reason)
  const { claims } = verified
  const execute = async (command: object) =>
    (await limited.services.backend.execute([{ claims, command: { type: 'sync', ...command } }]))[0]

  const { conversations } = await sync(ann, {})
  t.match(await execute({ ref: 'r' }), { ok: true, result: { sync: { conversations } } })
  const range = { stream: streamOf(body.id), after: 9 }
  t.match(await execute({ ranges: [range] }), { code: 'bad_position', fields: { ranges: [range.stream] } })
  t.match(await execute({}), { ok: false, code: 'throttled', retryAfter: Number })
})
