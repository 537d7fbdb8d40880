import type { ConversationId, UserId } from '@rendezvous/contract'
import fc from 'fast-check'
import t from 'tap'
import { decode, ENVELOPE_BYTES, type Envelope, encode } from '../src/envelope.ts'

const alice = 1 as UserId
const refused = { name: 'ClusterError', code: 'malformed' }

const envelopes: Record<string, Envelope> = {
  'a batch of events': {
    header: {
      kind: 'events',
      stream: 'conversation:9007199254740991',
      from: 2,
      to: 3,
      senders: [alice, 0],
      conversation: 9_007_199_254_740_991 as ConversationId,
      members_seq: 0
    },
    frames: ['{"type":"message_created","content":"naïve 👋\\n"}', '{"type":"member_left"}']
  },
  'events of a personal stream': { header: { kind: 'events', stream: 'user:1', from: 1, to: 1 }, frames: ['{}'] },
  'a courtesy envelope': { header: { kind: 'courtesy' }, frames: ['{"type":"presence_update"}'] },
  'a courtesy envelope that must not overtake an event': {
    header: { kind: 'courtesy', after: { stream: 'conversation:1', seq: 7 } },
    frames: ['{}', '{}']
  },
  'a courtesy envelope for one dialect': {
    header: { kind: 'courtesy', dialect: 'rendezvous.v1' },
    frames: ['{}']
  },
  'a control envelope for some sessions': {
    header: { kind: 'control', end_sessions: ['a', 'b'], spare: 'jti', user_id: alice, code: 4501 },
    frames: []
  },
  'a control envelope for all sessions': {
    header: { kind: 'control', end_sessions: 'all', user_id: alice, code: 4501 },
    frames: []
  }
}

for (const [name, envelope] of Object.entries(envelopes))
  t.test(`${name} is decoded as it was encoded`, async t => {
    t.same(decode(encode(envelope)), envelope)
  })

t.test('the bytes are lines of JSON: the header, then each frame unchanged', async t => {
  const bytes = encode({ header: { kind: 'courtesy' }, frames: ['{ "a": 1 }', '2'] })
  t.equal(bytes.toString(), '{"kind":"courtesy"}\n{ "a": 1 }\n2')
})

t.test('any JSON frame is decoded as it was encoded', async t => {
  const property = fc.property(fc.array(fc.json(), { minLength: 1 }), frames => {
    const back = decode(encode({ header: { kind: 'courtesy' }, frames })).frames
    return back.length === frames.length && back.every((frame, n) => frame === frames[n])
  })
  t.doesNotThrow(() => fc.assert(property))
})

t.test('an unknown field of the header is accepted', async t => {
  t.doesNotThrow(() => decode(Buffer.from('{"kind":"courtesy","later":1}\n{}')))
})

const malformedBytes: Record<string, string | Buffer> = {
  'no bytes': '',
  'invalid JSON': 'hello\n{}',
  'a JSON value that is not an object': 'null\n{}',
  'an array': '[]\n{}',
  'no kind': '{}\n{}',
  'an unknown kind': '{"kind":"later"}\n{}',
  'events without a frame': '{"kind":"events","stream":"s","from":1,"to":1}',
  'events with one frame too many': '{"kind":"events","stream":"s","from":1,"to":1}\n{}\n{}',
  'events whose `to` is below `from`': '{"kind":"events","stream":"s","from":2,"to":1}',
  'events with too few senders': '{"kind":"events","stream":"s","from":1,"to":2,"senders":[1]}\n{}\n{}',
  'a seq that is not an integer': '{"kind":"events","stream":"s","from":1.5,"to":1.5}\n{}',
  'a seq that is a string': '{"kind":"events","stream":"s","from":"1","to":1}\n{}',
  'no stream': '{"kind":"events","from":1,"to":1}\n{}',
  'a courtesy envelope without a frame': '{"kind":"courtesy"}',
  'a courtesy envelope whose `after` is null': '{"kind":"courtesy","after":null}\n{}',
  'a control envelope with a frame': '{"kind":"control","end_sessions":"all","user_id":1,"code":4501}\n{}',
  'a control envelope without a user': '{"kind":"control","end_sessions":"all","user_id":0,"code":4501}',
  'a control envelope with invalid sessions': '{"kind":"control","end_sessions":"some","user_id":1,"code":4501}',
  'an empty frame': '{"kind":"courtesy"}\n',
  'text that is not UTF-8': Buffer.from([0x22, 0xff, 0x22]),
  'an envelope above the size limit': Buffer.alloc(ENVELOPE_BYTES + 1, ' ')
}

for (const [name, bytes] of Object.entries(malformedBytes))
  t.test(`${name} is refused`, async t => {
    t.throws(() => decode(Buffer.from(bytes)), refused)
  })

t.test('an envelope that could not be decoded is not encoded', async t => {
  const header = { kind: 'courtesy' } as const
  t.throws(() => encode({ header, frames: ['a\nb'] }), refused)
  t.throws(() => encode({ header, frames: [''] }), refused)
  t.throws(() => encode({ header, frames: [] }), refused)
  t.throws(() => encode({ header, frames: [' '.repeat(ENVELOPE_BYTES)] }), refused)
  t.throws(() => encode({ header: { kind: 'events', stream: 's', from: 1, to: 3 }, frames: ['{}'] }), refused)
  t.throws(() => encode({ header: { kind: 'events', stream: '', from: 1, to: 1 }, frames: ['{}'] }), refused)
})
