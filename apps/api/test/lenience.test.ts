import {
  CreateConversation,
  ProfileUpdate,
  RegisterRequest,
  SendToUser,
  UpdateStatusRequest
} from '@rendezvous/contract'
import t from 'tap'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { FormBody } from '../src/kernel/form.ts'
import { bodyReader, type ObjectSchema } from '../src/kernel/input/body.ts'
import { fieldOf } from '../src/kernel/input/field.ts'
import { lenientBody, lenientField, type Place } from '../src/kernel/input/lenience.ts'

/** What a lenient path makes of a body: its values, or its errors by field. */
function read(schema: unknown, body: unknown, lenient = true): unknown {
  const checked = bodyReader(schema as ObjectSchema, lenient)(body)
  return 'error' in checked ? checked.error.fields : checked.value
}

function form(...fields: [string, string][]): FormBody {
  const body = new FormBody()
  for (const [name, value] of fields) body.add(name, value)
  return body
}

t.test('numbers are read from what stands for them', async t => {
  const bad = (type: string) => ({ receiver: [`Incorrect type. Expected pk value, received ${type}.`] })
  const absent = (id: string) => ({ receiver: [`Invalid pk "${id}" - object does not exist.`] })
  const cases: [raw: unknown, expected: unknown][] = [
    [12, 12],
    ['12', 12],
    [' 12 ', 12],
    ['+12', 12],
    ['12.0', 12],
    [12.0, 12],
    [{ id: 12, username: 'x' }, 12],
    [{ id: '12' }, 12],
    ['12.5', bad('str')],
    [12.5, bad('float')],
    ['', { receiver: ['This field may not be null.'] }],
    ['twelve', bad('str')],
    ['0x0c', bad('str')],
    ['1e1', bad('str')],
    [true, bad('bool')],
    [[12], bad('list')],
    [{}, bad('dict')],
    [0, absent('0')],
    [' -3 ', absent('-3')],
    ['99999999999999999999', absent('99999999999999999999')],
    [null, { receiver: ['This field may not be null.'] }]
  ]
  for (const [raw, expected] of cases) {
    const value = typeof expected === 'number' ? { receiver: expected, content: 'x' } : expected
    t.same(read(SendToUser, { receiver: raw, content: 'x' }), value, JSON.stringify(raw))
  }
})

t.test('the document takes the digits of ids to the largest, and no further', async t => {
  const documented = (field: object, place: Place) => Compile(lenientField('n', field, place) as TSchema)
  const id = documented({ type: 'integer', minimum: 1, maximum: 2_147_483_647 }, 'json')
  const number = documented({ type: 'integer' }, 'query')
  for (const text of ['1', '9', '10', ' +007 ', '12.0', '999999999', '1999999999', '2147483640', '2147483647'])
    t.ok(id.Check(text), text)
  for (const text of [
    '',
    '0',
    '-1',
    '00',
    '2147483648',
    '2147483650',
    '2200000000',
    '3000000000',
    '10000000000',
    '1e3'
  ])
    t.notOk(id.Check(text), text)
  for (const text of ['0', '-9007199254740991', '9007199254740991']) t.ok(number.Check(text), text)
  for (const given of ['9007199254740992', 2 ** 53]) t.notOk(number.Check(given), String(given))
})

t.test(
  'the document takes no text that a reader refuses for its characters, and an empty one only where it may be',
  async t => {
    const documented = (schema: unknown, place: 'json' | 'form') =>
      Compile(lenientBody(schema as ObjectSchema, place) as TSchema)
    t.notOk(documented(ProfileUpdate, 'json').Check({ bio: 'a\0b' }))
    for (const [body, isTaken] of [
      [{ username: '' }, false],
      [{ bio: '' }, true],
      [{ birth_date: '' }, true]
    ] as const) {
      t.equal(documented(ProfileUpdate, 'form').Check(body), isTaken, JSON.stringify(body))
      t.equal(
        'error' in bodyReader(ProfileUpdate as unknown as ObjectSchema, true)(form(...Object.entries(body))),
        !isTaken
      )
    }
  }
)

t.test('booleans are read from their words', async t => {
  const words: [boolean, unknown[]][] = [
    [true, [true, 'true', 'True', 'TRUE', 't', 'yes', 'Y', 'on', '1', 1, 'online', 'busy']],
    [false, [false, 'false', 'False', 'f', 'no', 'N', 'off', '0', 0, 'offline', 'away']]
  ]
  for (const [is_online, raws] of words) {
    for (const raw of raws) t.same(read(UpdateStatusRequest, { is_online: raw }), { is_online }, JSON.stringify(raw))
  }
  for (const raw of ['maybe', '', 2, {}, []]) {
    t.same(
      read(UpdateStatusRequest, { is_online: raw }),
      { is_online: ['Must be a valid boolean.'] },
      JSON.stringify(raw)
    )
  }
})

t.test('texts lose white space around, secrets and messages do not', async t => {
  t.same(read(ProfileUpdate, { first_name: '  Ann ', bio: 5 }), { first_name: 'Ann', bio: '5' })
  t.same(read(SendToUser, { receiver: 1, content: ' hi ' }), { receiver: 1, content: ' hi ' })
  t.match(read(RegisterRequest, { username: ' ann ', password: '  12345678 ' }), {
    username: 'ann',
    password: '  12345678 '
  })
  t.same(read(ProfileUpdate, { username: '   ' }), { username: ['This field may not be blank.'] })
})

t.test('texts are held to their rules', async t => {
  const username = ['Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.']
  t.same(read(ProfileUpdate, { username: 'a b' }), { username })
  t.same(read(ProfileUpdate, { username: 'a'.repeat(151) }), {
    username: ['Ensure this field has no more than 150 characters.']
  })
  t.same(read(ProfileUpdate, { username: 'Zoë_日本.+-@' }), { username: 'Zoë_日本.+-@' })
  const pin = fieldOf({ type: 'string', minLength: 8 }, { name: 'pin', lenient: true })
  t.same(pin('short'), { ok: false, errors: ['Ensure this field has at least 8 characters.'] })
  t.same(read(ProfileUpdate, { bio: 'a\0' }), { bio: ['Null characters are not allowed.'] })
  t.same(read(ProfileUpdate, { bio: '\udc00' }), { bio: ['Surrogate characters are not allowed: U+DC00.'] })
})

t.test('days are days', async t => {
  const bad = { birth_date: ['Date has wrong format. Use one of these formats instead: YYYY-MM-DD.'] }
  t.same(read(ProfileUpdate, { birth_date: '2000-02-29' }), { birth_date: '2000-02-29' })
  t.same(read(ProfileUpdate, { date_of_birth: '' }), { birth_date: null })
  t.same(read(ProfileUpdate, { birth_date: null }), { birth_date: null })
  for (const raw of ['2001-02-29', '0000-01-01', '29.02.2000', '2000-2-9', 20000229]) {
    t.same(read(ProfileUpdate, { birth_date: raw }), bad, JSON.stringify(raw))
  }
})

t.test('lists are read from what stands for them', async t => {
  const cases: [body: object, expected: unknown][] = [
    [{ participants: [1, '2', { id: 3 }] }, [1, 2, 3]],
    [{ participant_ids: [1] }, [1]],
    [{ members: [1] }, [1]],
    [{ participant_id: 1 }, [1]],
    [{ participants_ids: ['1'] }, [1]],
    [{ recipient: 1 }, [1]],
    [{ other_user: { id: 1 } }, [1]],
    [{ user_id: '1' }, [1]],
    [{ participants: '[1, 2]' }, [1, 2]],
    [{ participants: { id: 1 } }, [1]]
  ]
  for (const [body, participants] of cases)
    t.same(read(CreateConversation, body), { participants }, JSON.stringify(body))

  const refused: [raw: unknown, text: string][] = [
    [[], 'This list may not be empty.'],
    [{}, 'Expected a list of items but got type "dict".'],
    [true, 'Expected a list of items but got type "bool".'],
    ['[1', 'Expected a list of items but got type "str".'],
    ['x', 'Incorrect type. Expected pk value, received str.'],
    [[1, 'x', 'y'], 'Incorrect type. Expected pk value, received str.'],
    [Array(101).fill(1), 'Ensure this field has no more than 100 elements.']
  ]
  for (const [raw, text] of refused) {
    t.same(read(CreateConversation, { participants: raw }), { participants: [text] }, JSON.stringify(raw).slice(0, 30))
  }
})

t.test('a field goes before its aliases, and an alias that is a field of its own stands for itself', async t => {
  t.same(read(SendToUser, { receiver: 1, to: 2, text: 'x' }), { receiver: 1, content: 'x' })
  t.same(read(ProfileUpdate, { email: 'ann@example.org' }), { email: 'ann@example.org' })
  t.same(read(RegisterRequest, { email: 'ann@example.org', password: '12345678' }), {
    username: ['This field is required.']
  })
  t.match(read(RegisterRequest, { username: 'a', password: 'abcdefgh', password2: 'x' }), { password_confirm: 'x' })
  t.match(read(RegisterRequest, { username: 'a', password1: 'abcdefgh' }), { password: 'abcdefgh' })
  t.match(read(CreateConversation, { members: [1], type: 'one-to-one' }), { is_group: false })
  t.same(read(CreateConversation, { members: [1], name: 'us', type: 'group' }), {
    participants: [1],
    title: 'us',
    is_group: true
  })
})

t.test('what a schema does not know is dropped, also when it is called __proto__', async t => {
  const body = JSON.parse('{"id": 1, "is_staff": true, "__proto__": {"bio": "x"}, "constructor": 1, "bio": "me"}')
  t.same(read(ProfileUpdate, body), { bio: 'me' })
})

t.test('a form is texts', async t => {
  t.same(read(SendToUser, form(['receiver', '5'], ['content', 'x'], ['content', 'y'])), { receiver: 5, content: 'y' })
  t.same(read(CreateConversation, form(['participants', '1'], ['participants', '2'])), { participants: [1, 2] })
  t.same(read(CreateConversation, form(['participants[]', '1'], ['participants[]', '2'])), { participants: [1, 2] })
  t.same(read(CreateConversation, form(['participants', '1'], ['is_group', ''])), { participants: [1] })
  t.same(read(ProfileUpdate, form(['bio', ''])), { bio: '' })
})

t.test('on our own paths nothing is coerced, and an unknown field is refused', async t => {
  t.same(read(SendToUser, { receiver: '5', content: 7, x: 1, __proto: 2 }, false), {
    x: ['Unknown field.'],
    __proto: ['Unknown field.'],
    receiver: ['A valid integer is required.'],
    content: ['Not a valid string.']
  })
  t.same(read(SendToUser, { to: 5, text: 'x' }, false), {
    to: ['Unknown field.'],
    text: ['Unknown field.'],
    receiver: ['This field is required.'],
    content: ['This field is required.']
  })
  t.same(read(SendToUser, { receiver: 5, content: ' x ' }, false), { receiver: 5, content: ' x ' })
})

t.test('a schema that says what no reader checks does not start', async t => {
  t.throws(() => fieldOf({ type: 'integer', multipleOf: 2 } as object, { name: 'x', lenient: true }), /multipleOf/)
  t.throws(() => fieldOf({ type: 'object' }, { name: 'x', lenient: true }), TypeError)
})
