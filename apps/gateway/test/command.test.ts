import { randomUUID } from 'node:crypto'
import { closeCodes, limits } from '@rendezvous/contract'
import t from 'tap'
import type { Client } from './client.ts'
import { alice, bob, nextSeqs, openGateway, publisher, talk, toAlice } from './gateway.ts'

/** Sends `frame` and returns the answer. */
async function ask(client: Client, frame: unknown) {
  client.say(frame)
  return client.next()
}

t.test('a command goes to the api with its claims, and its ack echoes the ref', async t => {
  const { backend, connectReady } = await openGateway(t)
  const client_id = randomUUID()
  backend.answers.execute = () => ({ ok: true, result: { id: 5 as never, seq: 9 as never, duplicate: false } })
  const client = await connectReady(alice)

  const send = { type: 'send_message', ref: 'a1', conversation_id: talk, content: 'hello', client_id }
  t.match(await ask(client, send), { type: 'ack', ref: 'a1', id: 5, seq: 9, duplicate: false, v: 1 })
  t.match(await ask(client, { type: 'send_message', ref: 7, to: bob, content: 'hello' }), { type: 'ack', ref: 7 })
  t.match(await ask(client, { type: 'mark_read', conversation_id: talk, seq: 3 }), { type: 'ack', ref: null })
  t.match(await ask(client, { type: 'mark_delivered', conversation_id: talk, seq: 3 }), { type: 'ack' })
  t.match(await ask(client, { type: 'message_read', ref: 8, id: 5 }), { type: 'ack', ref: 8 })
  t.match(await ask(client, { type: 'read_ack', id: 5 }), { type: 'ack' })
  t.match(await ask(client, { type: 'typing', to: bob, is_typing: true }), { type: 'ack' })
  t.match(backend.asked('execute'), [{ claims: { userId: alice }, command: send }, {}, {}, {}, {}, {}, {}])
})

t.test('a send without a client_id gets one from the gateway, so that its call may be repeated', async t => {
  const { backend, connectReady } = await openGateway(t)
  const client = await connectReady(alice)
  for (const ref of [1, 2]) t.match(await ask(client, { type: 'send_message', ref, to: bob, content: 'x' }), { ref })
  const given = randomUUID()
  t.match(await ask(client, { type: 'send_message', ref: 3, to: bob, content: 'x', client_id: given }), { ref: 3 })

  const names = backend.asked('execute').map(({ command }) => 'client_id' in command && command.client_id)
  t.match(names, [/^[0-9a-f-]{36}$/, /^[0-9a-f-]{36}$/, given])
  t.equal(new Set(names).size, 3)
})

t.test('the gateway answers a ping itself', async t => {
  const { backend, connectReady } = await openGateway(t)
  const client = await connectReady(alice)
  t.match(await ask(client, { type: 'ping', ref: 'p' }), { type: 'ack', ref: 'p', at: /Z$/ })
  t.same(backend.asked('execute'), [])
})

t.test('a refusal of the api becomes an error with its code and fields', async t => {
  const { backend, connectReady } = await openGateway(t)
  const fields = { client_id: ['used'] }
  backend.answers.execute = () => ({ ok: false, code: 'client_id_conflict', detail: 'Another text.', fields })
  const client = await connectReady(alice)
  t.match(await ask(client, { type: 'send_message', ref: 1, to: bob, content: 'x' }), {
    type: 'error',
    ref: 1,
    code: 'client_id_conflict',
    detail: 'Another text.',
    errors: fields
  })
})

t.test('a seq above the head of a stream is an error, and each such stream is told to resync', async t => {
  const { backend, connectReady } = await openGateway(t)
  const streams = ['conversation:7', 'conversation:8']
  backend.answers.execute = () => ({ ok: false, code: 'bad_position', detail: 'Too far.', fields: { ranges: streams } })
  const client = await connectReady(alice)
  const ranges = streams.map(stream => ({ stream, after: 9 }))

  t.match(await ask(client, { type: 'sync', ref: 1, ranges }), { type: 'error', ref: 1, code: 'bad_position' })
  for (const stream of streams) t.match(await client.next(), { type: 'resync', stream, v: 1 })
})

t.test('a refusal says how long to wait if the api does', async t => {
  const { backend, connectReady } = await openGateway(t)
  backend.answers.execute = () => ({ ok: false, code: 'throttled', detail: 'Later.', retryAfter: 1.5 })
  const client = await connectReady(alice)
  t.match(await ask(client, { type: 'sync' }), { type: 'error', code: 'throttled', retry_after_ms: 1_500 })
})

t.test('when the api cannot be reached a command is unavailable, and the next is tried', async t => {
  const { backend, connectReady } = await openGateway(t)
  backend.interpose('execute', () => Promise.reject(new Error('no api')))
  const client = await connectReady(alice)
  const send = { type: 'send_message', ref: 1, to: bob, content: 'x' }
  t.match(await ask(client, send), { type: 'error', ref: 1, code: 'unavailable', detail: /try again/ })

  backend.interpose('execute', async () => {})
  t.match(await ask(client, send), { type: 'ack', ref: 1 })
})

t.test('a send whose call is rejected is repeated once, as it is, while its client waits', async t => {
  const { backend, connectReady, timers } = await openGateway(t)
  let rejecting = 1
  let lateMs = 0
  backend.interpose('execute', async () => {
    timers.advance(lateMs)
    rejecting -= 1
    if (rejecting >= 0) throw new Error('no api')
  })
  const client = await connectReady(alice)
  const send = { type: 'send_message', ref: 1, to: bob, content: 'x' }
  t.match(await ask(client, send), { type: 'ack', ref: 1 })
  const [first, second] = backend.asked('execute')
  t.same(second, first)

  rejecting = 1
  t.match(await ask(client, { type: 'mark_read', conversation_id: talk, seq: 3 }), { code: 'unavailable' })
  rejecting = 1
  lateMs = 5_001
  t.match(await ask(client, send), { code: 'unavailable' }, 'too late')
  t.equal(backend.asked('execute').length, 4)
})

t.test('commands of one socket are carried out one after the other, and a bounded number may wait', async t => {
  const { backend, connectReady } = await openGateway(t)
  const waiting: (() => void)[] = []
  let release = () => {}
  backend.interpose('execute', () => new Promise(resolve => waiting.push(resolve)))
  const client = await connectReady(alice)

  for (let ref = 1; ref <= limits.commandsInFlight + 1; ref += 1)
    client.say({ type: 'send_message', ref, to: bob, content: `${ref}` })
  t.match(await client.next(), { type: 'error', ref: limits.commandsInFlight + 1, code: 'too_many_commands' })

  t.equal((await backend.whenAsked('execute', 1)).length, 1)
  backend.interpose('execute', async () => {})
  release = waiting[0] ?? release
  release()
  for (let ref = 1; ref <= limits.commandsInFlight; ref += 1) t.equal((await client.next()).ref, ref)
  t.same(
    backend.asked('execute').map(({ command }) => command.ref),
    Array.from({ length: limits.commandsInFlight }, (_, index) => index + 1)
  )
})

t.test('commands sent before the client closed are carried out', async t => {
  const { backend, connectReady } = await openGateway(t)
  const client = await connectReady(alice)
  for (const ref of [1, 2, 3]) client.say({ type: 'send_message', ref, to: bob, content: 'x' })
  client.socket.close()
  t.equal((await backend.whenAsked('execute', 3)).length, 3)
})

t.test('a malformed command is refused by field, and the socket stays open', async t => {
  const { backend, connectReady } = await openGateway(t)
  const client = await connectReady(alice)
  const send = { type: 'send_message', to: bob }
  const blank = { content: ['This field may not be blank.'] }
  const whole = 'A valid integer is required.'
  const refused: [string, object, object][] = [
    ['no text', send, { content: ['This field is required.'] }],
    ['null', { ...send, content: null }, { content: ['This field may not be null.'] }],
    ['a number', { ...send, content: 5 }, { content: ['Not a valid string.'] }],
    ['empty', { ...send, content: '' }, blank],
    ['white space', { ...send, content: ' \n\t' }, blank],
    ['zero-width', { ...send, content: '\u200B\u2060' }, blank],
    ['U+0000', { ...send, content: 'a\0' }, { content: ['Null characters are not allowed.'] }],
    ['a lone surrogate', { ...send, content: 'a\uD800' }, { content: ['Not a valid string.'] }],
    [
      'too long',
      { ...send, content: '😀'.repeat(4_001) },
      { content: ['Ensure this field has no more than 4000 characters.'] }
    ],
    ['no recipient', { type: 'send_message', content: 'x' }, { non_field_errors: [/Exactly one/] }],
    ['two recipients', { ...send, conversation_id: talk, content: 'x' }, { non_field_errors: [/Exactly one/] }],
    ['typing without a target', { type: 'typing', is_typing: true }, { non_field_errors: [/Exactly one/] }],
    ['a bad client_id', { ...send, content: 'x', client_id: '5' }, { client_id: ['Must be a valid UUID.'] }],
    [
      'an unknown message_type',
      { ...send, content: 'x', message_type: 'audio' },
      { message_type: ['Not a valid choice.'] }
    ],
    ['an unknown field', { ...send, content: 'x', colour: 1 }, { colour: ['Unknown field.'] }],
    ['an inherited name', '{"type":"ping","__proto__":{}}' as never, { ['__proto__']: ['Unknown field.'] }],
    ['an id that is text', { ...send, to: '2', content: 'x' }, { to: [whole] }],
    ['an id that is a fraction', { ...send, to: 1.5, content: 'x' }, { to: [whole] }],
    ['an id below 1', { ...send, to: 0, content: 'x' }, { to: ['Ensure this value is greater than or equal to 1.'] }],
    [
      'an id beyond 2^53',
      { type: 'mark_read', conversation_id: 2 ** 60, seq: 1 },
      { conversation_id: [/less than or equal/] }
    ],
    ['a seq beyond int4', { type: 'mark_read', conversation_id: talk, seq: 2 ** 31 }, { seq: [/less than or equal/] }],
    ['a ref that is none', { type: 'ping', ref: {} }, { ref: ['Not a valid choice.'] }]
  ]
  for (const [title, frame, errors] of refused)
    await t.test(title, async t => {
      t.match(await ask(client, frame), { type: 'error', code: 'invalid', errors })
    })

  t.match(await ask(client, { ...send, ref: 'r' }), { ref: 'r', code: 'invalid' })
  t.match(await ask(client, { ...send, content: '😀'.repeat(4_000) }), { type: 'ack' }, 'the limit counts characters')
  t.equal(backend.asked('execute').length, 1)
})

t.test('an unknown type is refused, and the socket stays open', async t => {
  const { connectReady } = await openGateway(t)
  const client = await connectReady(alice)
  for (const frame of [
    { type: 'dance', ref: 4 },
    { type: 'toString', ref: 4 },
    { type: 5, ref: 4 },
    { ref: 4 },
    { type: 'ready', ref: 4 }
  ])
    t.match(await ask(client, frame), { type: 'error', ref: 4, code: 'unknown_command' })
  t.match(await ask(client, {}), { type: 'error', ref: null, code: 'unknown_command' })
  t.match(await ask(client, { type: 'ping' }), { type: 'ack' })
})

t.test('unreadable frames are refused, and the third closes the socket with 4502', async t => {
  const { connectReady } = await openGateway(t)
  const deep = `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`
  const rounds: (string | Buffer)[][] = [
    [Buffer.from([1, 2, 3]), '{"type":"ping"', 'hello'],
    ['', '[]', 'null'],
    ['5', '"ping"', deep],
    [
      '[{"type":"ping"}]',
      `{"type":"ping","a":${'{"a":'.repeat(31)}{}${'}'.repeat(31)}}`,
      Buffer.from('{"type":"ping"}')
    ]
  ]
  for (const frames of rounds) {
    const client = await connectReady(alice)
    for (const [index, frame] of frames.entries()) {
      client.socket.send(frame)
      t.match(await client.next(), { type: 'error', ref: null, code: 'bad_frame' }, String(frame).slice(0, 40))
      if (index < 2) t.match(await ask(client, { type: 'ping' }), { type: 'ack' })
    }
    t.same(await client.closed, { code: 4502, reason: 'bad_frames' })
  }
})

t.test('a frame of the largest size is accepted, one more byte closes with 1009', async t => {
  const { connectReady } = await openGateway(t)
  const client = await connectReady(alice)
  const padded = (bytes: number) => '{"type":"ping"}'.padEnd(bytes)
  t.match(await ask(client, padded(limits.frameBytes)), { type: 'ack' })
  client.say(padded(limits.frameBytes + 1))
  t.same(await client.closed, { code: closeCodes.tooBig.code, reason: closeCodes.tooBig.reason })
})

t.test("the sending device gets its ack and, like the sender's other devices, the message", async t => {
  const gateway = await openGateway(t)
  const api = publisher(t, gateway)
  gateway.backend.interpose('execute', () => api.messages([toAlice], 1, 1, alice))
  const [sending, other] = [await gateway.connectReady(alice), await gateway.connectReady(alice)]
  sending.say({ type: 'send_message', ref: 1, to: bob, content: 'x' })
  t.same(await nextSeqs(other, 1), [1])
  const got = [await sending.next(), await sending.next()].map(frame => frame.type)
  t.same(got.sort(), ['ack', 'message_created'])
})
