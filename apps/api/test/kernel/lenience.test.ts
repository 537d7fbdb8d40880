import { CreateConversation, ProfileUpdate, RegisterRequest, SendToUser } from '@rendezvous/contract'
import t from 'tap'
import { fieldOf } from '../../src/kernel/input/field.ts'
import { form, read } from './bodies.ts'

t.test(
  'a field takes precedence over its aliases, and an alias that is also a field is read as that field',
  async t => {
    t.same(read(SendToUser, { receiver: 1, to: 2, text: 'x' }), { receiver: 1, content: 'x' })
    t.same(read(ProfileUpdate, { email: 'ann@example.org' }), { email: 'ann@example.org' })
    t.same(read(RegisterRequest, { email: 'ann@example.org', password: 'abcdefgh' }), {
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
  }
)

t.test('unknown fields are dropped, __proto__ included', async t => {
  const body = JSON.parse('{"id": 1, "is_staff": true, "__proto__": {"bio": "x"}, "constructor": 1, "bio": "me"}')
  t.same(read(ProfileUpdate, body), { bio: 'me' })
})

t.test('forms are read from texts', async t => {
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

t.test('a schema with a keyword that no reader checks is refused at start', async t => {
  t.throws(() => fieldOf({ type: 'integer', multipleOf: 2 } as object, { name: 'x', lenient: true }), /multipleOf/)
  t.throws(() => fieldOf({ type: 'object' }, { name: 'x', lenient: true }), TypeError)
})
