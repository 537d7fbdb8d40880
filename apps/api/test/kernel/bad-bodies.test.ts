import t from 'tap'
import { startApi } from '../app.ts'

const api = await startApi(t)
const ann = await api.join('ann')
const bob = await api.join('bob')
const JSON_TYPE = { 'content-type': 'application/json' }

/** Internals that no answer may show. */
const internals = /\bat \S+ \(|node_modules|\/src\/|SELECT |INSERT |relation |postgres|pglite/i

function body(length: number, filler = 'a'): string {
  return JSON.stringify({ receiver: bob.id, content: filler.repeat(length) })
}

const blank = { content: ['This field may not be blank.'] }
const receiver = (text: string) => ({ receiver: [text] })
const wrongType = (type: string) => receiver(`Incorrect type. Expected pk value, received ${type}.`)

t.test('a body that is not a valid message is refused with its reason', async t => {
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
      'nested 20,000 deep',
      `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
      400,
      { detail: 'JSON parse error - nested deeper than 32 levels' }
    ],
    ['nested deeply in a field', `{"content":${'{"a":'.repeat(40)}1${'}'.repeat(40)}}`, 400, { code: 'parse_error' }],
    ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22]), 400, { detail: 'JSON parse error - the body is not UTF-8' }],
    ['NaN', '{"receiver": NaN}', 400, { code: 'parse_error' }],
    ['__proto__', '{"__proto__": {"receiver": 1, "content": "x"}}', 400, receiver('This field is required.')],
    ['an object as text', `{"receiver": ${bob.id}, "content": {}}`, 400, { content: ['Not a valid string.'] }],
    ['a boolean as text', `{"receiver": ${bob.id}, "content": true}`, 400, { content: ['Not a valid string.'] }],
    ['a list as text', `{"receiver": ${bob.id}, "content": ["x"]}`, 400, { content: ['Not a valid string.'] }],
    ['null as text', `{"receiver": ${bob.id}, "content": null}`, 400, { content: ['This field may not be null.'] }],
    ['a word as id', '{"receiver": "bob", "content": "x"}', 400, wrongType('str')],
    ['a fraction as id', '{"receiver": 1.5, "content": "x"}', 400, wrongType('float')],
    ['a boolean as id', '{"receiver": true, "content": "x"}', 400, wrongType('bool')],
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
      '2,000 digits as id',
      `{"receiver": "${'9'.repeat(2_000)}", "content": "x"}`,
      400,
      receiver('String value too large.')
    ],
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
      'an unknown message type',
      `{"receiver": ${bob.id}, "content": "x", "message_type": "video"}`,
      400,
      { message_type: ['"video" is not a valid choice.'] }
    ],
    [
      'an invalid client_id',
      `{"receiver": ${bob.id}, "content": "x", "client_id": "1"}`,
      400,
      { client_id: ['Must be a valid UUID.'] }
    ],
    ['more than 64 KiB', Buffer.alloc(64 * 1024 + 1, ' '), 413, { code: 'payload_too_large' }]
  ]
  for (const [name, payload, status, expected] of cases) {
    const answer = await ann.ask('POST', '/messages/send/', payload, JSON_TYPE)
    t.match(answer, { status, body: expected, headers: { 'content-type': /^application\/problem\+json/ } }, name)
    t.notMatch(answer.text, internals, `${name}: shows no internals`)
  }
})

t.test('4,000 characters of four bytes are within the limit', async t => {
  t.equal((await ann.ask('POST', '/messages/send/', body(4_000, '😀'), JSON_TYPE)).status, 201)
})

t.test('a body of another media type, charset or encoding is refused', async t => {
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
    ['empty multipart', { 'content-type': multipart }, '', 400, 'This field is required.'],
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

t.test('none of these requests was logged as a failure', async t => {
  t.same(api.warnings, [])
})
