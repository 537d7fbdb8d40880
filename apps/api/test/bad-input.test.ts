import { randomUUID } from 'node:crypto'
import t from 'tap'
import { ask, type Person, startApi } from './app.ts'

const api = await startApi(t)
const ann = await api.join('ann')
const bob = await api.join('bob')
const eve = await api.join('eve')
const { body: first } = await ann.ask('POST', '/messages/send/', { receiver: bob.id, content: 'hello' })
const inside = `/api/v1/conversations/${first.conversation}`
const JSON_TYPE = { 'content-type': 'application/json' }

/** What no answer may show. */
const insides = /\bat \S+ \(|node_modules|\/src\/|SELECT |INSERT |relation |postgres|pglite/i

function body(length: number, filler = 'a'): string {
  return JSON.stringify({ receiver: bob.id, content: filler.repeat(length) })
}

const blank = { content: ['This field may not be blank.'] }
const receiver = (text: string) => ({ receiver: [text] })
const noPk = (type: string) => receiver(`Incorrect type. Expected pk value, received ${type}.`)

t.test('a body that is no message', async t => {
  const cases: [name: string, payload: string | Buffer, status: number, expected: object][] = [
    [
      'truncated JSON',
      '{"receiver": 1',
      400,
      { code: 'parse_error', detail: 'JSON parse error - the body is not well-formed JSON' }
    ],
    ['empty', '', 400, { receiver: ['This field is required.'], content: ['This field is required.'] }],
    ['null', 'null', 400, { non_field_errors: ['No data provided'] }],
    ['an array', '[]', 400, { non_field_errors: ['Invalid data. Expected a dictionary, but got list.'] }],
    ['a number', '1', 400, { non_field_errors: ['Invalid data. Expected a dictionary, but got int.'] }],
    ['a string', '"x"', 400, { non_field_errors: ['Invalid data. Expected a dictionary, but got str.'] }],
    [
      '20,000 deep',
      `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
      400,
      { detail: 'JSON parse error - nested deeper than 32 levels' }
    ],
    ['deep beneath a field', `{"content":${'{"a":'.repeat(40)}1${'}'.repeat(40)}}`, 400, { code: 'parse_error' }],
    ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22]), 400, { detail: 'JSON parse error - the body is not UTF-8' }],
    ['NaN', '{"receiver": NaN}', 400, { code: 'parse_error' }],
    ['__proto__', '{"__proto__": {"receiver": 1, "content": "x"}}', 400, receiver('This field is required.')],
    ['a number as text field', `{"receiver": ${bob.id}, "content": {}}`, 400, { content: ['Not a valid string.'] }],
    ['a boolean as text', `{"receiver": ${bob.id}, "content": true}`, 400, { content: ['Not a valid string.'] }],
    ['a list as text', `{"receiver": ${bob.id}, "content": ["x"]}`, 400, { content: ['Not a valid string.'] }],
    ['null as text', `{"receiver": ${bob.id}, "content": null}`, 400, { content: ['This field may not be null.'] }],
    ['a word as id', '{"receiver": "bob", "content": "x"}', 400, noPk('str')],
    ['a fraction as id', '{"receiver": 1.5, "content": "x"}', 400, noPk('float')],
    ['a boolean as id', '{"receiver": true, "content": "x"}', 400, noPk('bool')],
    ['an absent id', '{"receiver": 999, "content": "x"}', 400, receiver('Invalid pk "999" - object does not exist.')],
    ['an id of 0', '{"receiver": 0, "content": "x"}', 400, receiver('Invalid pk "0" - object does not exist.')],
    [
      'an id beyond int4',
      '{"receiver": 2147483648, "content": "x"}',
      400,
      receiver('Invalid pk "2147483648" - object does not exist.')
    ],
    ['an id beyond 2^53', '{"receiver": 9007199254740993, "content": "x"}', 400, { code: 'invalid' }],
    [
      'digits without end',
      `{"receiver": "${'9'.repeat(2_000)}", "content": "x"}`,
      400,
      receiver('String value too large.')
    ],
    ['oneself', `{"receiver": ${ann.id}, "content": "x"}`, 400, receiver('You cannot send a message to yourself.')],
    [
      'U+0000',
      `{"receiver": ${bob.id}, "content": "a\\u0000b"}`,
      400,
      { content: ['Null characters are not allowed.'] }
    ],
    [
      'a lone surrogate',
      `{"receiver": ${bob.id}, "content": "a\\ud800"}`,
      400,
      { content: ['Surrogate characters are not allowed: U+D800.'] }
    ],
    ['white space only', `{"receiver": ${bob.id}, "content": " \\n\\t\\u3000 "}`, 400, blank],
    ['zero width only', `{"receiver": ${bob.id}, "content": "\\u200b\\u200d\\ufeff"}`, 400, blank],
    ['empty text', `{"receiver": ${bob.id}, "content": ""}`, 400, blank],
    ['4,001 characters', body(4_001), 400, { content: ['Ensure this field has no more than 4000 characters.'] }],
    [
      '4,001 characters of four bytes',
      body(4_001, '😀'),
      400,
      { content: ['Ensure this field has no more than 4000 characters.'] }
    ],
    [
      'another kind',
      `{"receiver": ${bob.id}, "content": "x", "message_type": "video"}`,
      400,
      { message_type: ['"video" is not a valid choice.'] }
    ],
    [
      'a client_id that is none',
      `{"receiver": ${bob.id}, "content": "x", "client_id": "1"}`,
      400,
      { client_id: ['Must be a valid UUID.'] }
    ],
    ['more than 64 KiB', Buffer.alloc(64 * 1024 + 1, ' '), 413, { code: 'payload_too_large' }]
  ]
  for (const [name, payload, status, expected] of cases) {
    const answer = await ann.ask('POST', '/messages/send/', payload, JSON_TYPE)
    t.match(answer, { status, body: expected, headers: { 'content-type': /^application\/problem\+json/ } }, name)
    t.notMatch(answer.text, insides, `${name}: nothing of the inside`)
  }
})

t.test('4,000 characters of four bytes are within the limit', async t => {
  t.equal((await ann.ask('POST', '/messages/send/', body(4_000, '😀'), JSON_TYPE)).status, 201)
})

t.test('a body of another kind', async t => {
  const payload = body(1)
  const multipart = 'multipart/form-data'
  const part = (headers: string) => `--b\r\n${headers}\r\n\r\nx\r\n--b--\r\n`
  const cases: [name: string, headers: Record<string, string>, payload: string, status: number, detail: string][] = [
    ['text', { 'content-type': 'text/plain' }, payload, 415, 'Unsupported media type "text/plain" in request.'],
    ['no type at all', {}, payload, 415, 'Unsupported media type "" in request.'],
    ['a broken type', { 'content-type': 'json' }, payload, 415, 'Unsupported media type "json" in request.'],
    [
      'another charset',
      { 'content-type': 'application/json; charset=latin1' },
      payload,
      415,
      'Unsupported media type "application/json; charset=latin1" in request.'
    ],
    [
      'compressed',
      { ...JSON_TYPE, 'content-encoding': 'gzip' },
      payload,
      415,
      'Unsupported content encoding in request.'
    ],
    [
      'multipart without a boundary',
      { 'content-type': multipart },
      payload,
      400,
      'Multipart form parse error - Invalid boundary in multipart: None'
    ],
    [
      'truncated multipart',
      { 'content-type': `${multipart}; boundary=b` },
      '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx',
      400,
      'Multipart form parse error - the body is not well-formed'
    ],
    [
      'a file',
      { 'content-type': `${multipart}; boundary=b` },
      part('Content-Disposition: form-data; name="file"; filename="a.mp4"'),
      400,
      'Media messages are not available on this server.'
    ]
  ]
  for (const [name, headers, text, status, detail] of cases) {
    const answer = await ann.ask('POST', '/messages/send/', Buffer.from(text), headers)
    t.match(answer, { status, body: { status, detail } }, name)
  }
})

t.test('a form whose file field was left empty', async t => {
  const part = (disposition: string, value: string) =>
    `--b\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${value}\r\n`
  const payload = `${part('name="receiver"', String(bob.id))}${part('name="content"', 'hé')}${part('name="file"; filename=""', '')}--b--\r\n`
  const answer = await ann.ask('POST', '/messages/send/', Buffer.from(payload), {
    'content-type': 'multipart/form-data; boundary=b'
  })
  t.match(answer, { status: 201, body: { content: 'hé' } })
})

t.test('a form on a path that reads JSON only', async t => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  t.match(await ann.ask('POST', '/api/v1/realtime/ticket/', 'a=1', headers), { status: 415 })
  t.match(await ann.ask('POST', '/api/v1/realtime/ticket/', '', headers), { status: 201 })
})

t.test('a path that names nothing', async t => {
  const ids = ['0', '-1', 'x', '1.5', '9007199254740993', '99999999999999999999', '1'.repeat(200), '%00', '1e3', '+1']
  for (const id of ids) {
    t.match(await ann.ask('GET', `/api/v1/conversations/${id}/`), { status: 404, body: { code: 'not_found' } }, id)
    t.match(await ann.ask('GET', `/users/${id}/`), { status: 404, body: { detail: 'Not found.' } }, id)
  }
  t.match(await ann.ask('GET', '/api/v1/conversations/%zz/'), { status: 400, body: { code: 'bad_url' } })
  t.match(await ann.ask('GET', '/nowhere/'), { status: 404, body: { code: 'not_found' } })
  t.match(await ask(api.app, 'POST', '/nowhere/', '{', JSON_TYPE), { status: 404 })
})

t.test('a query that names nothing', async t => {
  const cases: [query: string, status: number, expected: unknown][] = [
    ['', 400, { with: ['This field is required.'] }],
    ['?with=', 400, { with: ['A valid integer is required.'] }],
    ['?with=x', 400, { with: ['A valid integer is required.'] }],
    ['?with=%zz', 400, { with: ['A valid integer is required.'] }],
    ['?with=999', 200, []],
    ['?with=-1', 200, []],
    ['?with=99999999999', 200, []],
    [`?with=${ann.id}`, 200, []]
  ]
  for (const [query, status, expected] of cases)
    t.match(await ann.ask('GET', `/messages/${query}`), { status, body: expected }, query)
})

t.test('a forged cursor', async t => {
  const cursors = ['x', '..', 'e30', Buffer.from('{"v":1,"at":{"before":"1"}}').toString('base64url')]
  for (const cursor of cursors) {
    for (const path of ['/api/v1/conversations/', `${inside}/messages/`]) {
      const answer = await ann.ask('GET', `${path}?cursor=${cursor}`)
      t.match(
        answer,
        { status: 404, body: { code: 'invalid_cursor', detail: 'Invalid cursor' } },
        `${path} ${cursor.slice(0, 20)}`
      )
    }
  }
})

t.test('a cursor without end', async t => {
  const expected = { cursor: ['Ensure this field has no more than 512 characters.'] }
  t.match(await ann.ask('GET', `${inside}/messages/?cursor=${'a'.repeat(600)}`), { status: 400, body: expected })
})

t.test('the same client_id with another text', async t => {
  const client_id = randomUUID()
  const send = (content: string) => ann.ask('POST', '/messages/send/', { receiver: bob.id, content, client_id })

  const once = await send('one')
  t.match(await send('one'), { status: 200, body: { id: once.body.id, duplicate: true } })
  t.match(await send('two'), { status: 409, body: { code: 'client_id_conflict' } })
})

t.test('what is another person’s answers like what is absent, to the byte', async t => {
  const headers = { 'x-request-id': 'same' }
  const look = async (who: Person, path: string, method: 'GET' | 'POST' | 'DELETE' = 'GET') => {
    const { status, text, headers: answered } = await who.ask(method, path, undefined, headers)
    return { status, text, headers: { ...answered, date: '', ratelimit: '', 'ratelimit-remaining': '' } }
  }
  const absent = '/api/v1/conversations/4242424242'
  for (const path of ['/', '/messages/']) t.same(await look(eve, inside + path), await look(eve, absent + path), path)
  t.same(await look(eve, `${inside}/leave/`, 'DELETE'), await look(eve, `${absent}/leave/`, 'DELETE'))
  const read = `messages/${first.id}/mark_read/`
  t.same(await look(eve, `${inside}/${read}`, 'POST'), await look(eve, `${absent}/${read}`, 'POST'))
  t.same(
    await look(bob, `${inside}/messages/4242/mark_read/`, 'POST'),
    await look(bob, `${absent}/messages/4242/mark_read/`, 'POST')
  )
  t.match(await look(eve, inside), { status: 404 })
})

t.test('a token that is none', async t => {
  const cases: [name: string, header: string, code: string][] = [
    ['none', '', 'not_authenticated'],
    ['another scheme', 'Basic eDp5', 'not_authenticated'],
    ['no token', 'Bearer', 'bad_authorization_header'],
    ['two tokens', 'Bearer a b', 'bad_authorization_header'],
    ['junk', 'Bearer junk', 'token_not_valid'],
    ['endless', `Bearer ${'a'.repeat(5_000)}`, 'token_not_valid'],
    ['a refresh token', `Bearer ${ann.refresh}`, 'token_not_valid'],
    ['an altered one', `Bearer ${ann.access.slice(0, -2)}`, 'token_not_valid']
  ]
  for (const [name, authorization, code] of cases) {
    const answer = await ask(
      api.app,
      'GET',
      '/api/v1/conversations/',
      undefined,
      authorization === '' ? {} : { authorization }
    )
    t.match(answer, { status: 401, body: { code }, headers: { 'www-authenticate': 'Bearer realm="api"' } }, name)
  }
})

t.test('a password of a megabyte is refused', async t => {
  const answer = await ask(api.app, 'POST', '/api/token/', { username: 'ann', password: 'a'.repeat(1_000_000) })
  t.match(answer, { status: 413 })
})

t.test('nothing of this was a bug', async t => {
  t.same(api.warnings, [])
})

t.test(
  'the detail of a validation error is the text of its first field, for clients that show nothing else',
  async t => {
    const { app } = await startApi(t)

    const answer = await ask(app, 'POST', '/api/v1/auth/register/', { username: 'somebody' })

    t.match(answer, { status: 400, body: { password: ['This field is required.'], detail: 'This field is required.' } })
  }
)
