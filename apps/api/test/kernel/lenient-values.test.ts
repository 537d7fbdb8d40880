import {
  CreateConversation,
  LoginRequest,
  ProfileUpdate,
  RegisterRequest,
  SendToUser,
  UpdateStatusRequest
} from '@rendezvous/contract'
import t from 'tap'
import { fieldOf } from '../../src/kernel/input/field.ts'
import { read } from './bodies.ts'

t.test('ids are read from numbers, digits and objects with an id', async t => {
  const incorrectType = (type: string) => ({ receiver: [`Incorrect type. Expected pk value, received ${type}.`] })
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
    ['12.5', incorrectType('str')],
    [12.5, incorrectType('float')],
    ['', { receiver: ['This field may not be null.'] }],
    ['twelve', incorrectType('str')],
    ['0x0c', incorrectType('str')],
    ['1e1', incorrectType('str')],
    [true, incorrectType('bool')],
    [[12], incorrectType('list')],
    [{}, incorrectType('dict')],
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

t.test('booleans are read from words and from 0 and 1', async t => {
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

t.test('texts and passwords are trimmed, as in Django REST framework, and messages are not', async t => {
  t.same(read(ProfileUpdate, { first_name: '  Ann ', bio: 5 }), { first_name: 'Ann', bio: '5' })
  t.same(read(SendToUser, { receiver: 1, content: ' hi ' }), { receiver: 1, content: ' hi ' })
  t.same(read(LoginRequest, { username: ' ann ', password: '  a word ' }), { username: 'ann', password: 'a word' })
  t.same(read(ProfileUpdate, { username: '   ' }), { username: ['This field may not be blank.'] })
  t.match(read(RegisterRequest, { username: 'ann', password: ' '.repeat(8) }), {
    password: ['This field may not be blank.']
  })
})

t.test('texts are checked for length, pattern and characters', async t => {
  const username = ['Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.']
  t.same(read(ProfileUpdate, { username: 'a b' }), { username })
  t.same(read(ProfileUpdate, { username: 'a'.repeat(151) }), {
    username: ['Ensure this field has no more than 150 characters.']
  })
  t.same(read(ProfileUpdate, { username: 'Zoë_日本.+-@' }), { username: 'Zoë_日本.+-@' })
  const pin = fieldOf({ type: 'string', minLength: 8 }, { name: 'pin', lenient: true })
  t.same(pin('short'), { ok: false, errors: ['Ensure this field has at least 8 characters.'] })
  t.match(read(ProfileUpdate, { username: 'a\0' }), { username: [username[0], 'Null characters are not allowed.'] })
  for (const raw of [true, ['a'], {}])
    t.same(read(ProfileUpdate, { email: raw }), { email: ['Enter a valid email address.'] })
  t.same(read(ProfileUpdate, { bio: 'a\0' }), { bio: ['Null characters are not allowed.'] })
  t.same(read(ProfileUpdate, { bio: '\udc00' }), { bio: ['Surrogate characters are not allowed: U+DC00.'] })
})

t.test('only dates of the calendar are accepted, and zeros may be omitted', async t => {
  const bad = { birth_date: ['Date has wrong format. Use one of these formats instead: YYYY-MM-DD.'] }
  t.same(read(ProfileUpdate, { birth_date: '2000-02-29' }), { birth_date: '2000-02-29' })
  t.same(read(ProfileUpdate, { date_of_birth: '' }), { birth_date: null })
  t.same(read(ProfileUpdate, { birth_date: null }), { birth_date: null })
  t.same(read(ProfileUpdate, { birth_date: ' 2000-2-9 ' }), { birth_date: '2000-02-09' })
  for (const raw of ['2001-02-29', '2001-2-29', '0000-01-01', '29.02.2000', 20000229, true, ['2000-02-29'], {}]) {
    t.same(read(ProfileUpdate, { birth_date: raw }), bad, JSON.stringify(raw))
  }
})

t.test('lists are read from arrays, JSON text, single values and aliases', async t => {
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
