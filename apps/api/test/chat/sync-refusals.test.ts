import { limits, rates } from '@rendezvous/contract'
import t from 'tap'
import { startApi } from '../app.ts'
import { executed } from '../gateways/executed.ts'
import { CONVERSATIONS, openGroup, PATH, streamOf, sync } from './sync-client.ts'

const api = await startApi(t, { ports: () => ({ commandRates: { ...rates, sync: { limit: 2, windowMs: 60_000 } } }) })

t.test('positions above the head are named, and nothing is answered', async t => {
  const { ann, stream } = await openGroup(api)
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

t.test('an invalid request is refused with the name of its field', async t => {
  const { ann, stream } = await openGroup(api)
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

t.test('sync over the socket answers the same, and counts against the same rate', async t => {
  const [ann, bob] = [await api.join(), await api.join()]
  const { body } = await ann.ask('POST', CONVERSATIONS, { participants: [bob.id] })
  const verified = api.tokens.verifyAccess(ann.access)
  if (!verified.ok) throw new Error(verified.reason)
  const { claims } = verified
  const execute = async (command: object) =>
    (await executed(api.services.backend, claims, { type: 'sync', ...command }))[0]

  const { conversations } = await sync(ann, {})
  t.match(await execute({ ref: 'r' }), { ok: true, result: { sync: { conversations } } })
  const range = { stream: streamOf(body.id), after: 9 }
  t.match(await execute({ ranges: [range] }), { code: 'bad_position', fields: { ranges: [range.stream] } })
  t.match(await execute({}), { ok: false, code: 'throttled', retryAfter: Number })
})
