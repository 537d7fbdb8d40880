import t from 'tap'
import { passwordErrors, profileChanges, profileErrors } from '../../src/people/accounts/profile-fields.ts'

const good = [
  'a@b.co',
  'first.last+tag@example.com',
  "o'neil@sub.example.org",
  'x@localhost',
  'ü@b.co'.replace('ü', 'u'),
  'a@bücher.de'
]
const bad = [
  'a',
  '@b.co',
  'a@',
  'a@b',
  'a@b..co',
  'a@-b.co',
  'a@b-.co',
  '.a@b.co',
  'a.@b.co',
  'a..b@c.co',
  'a b@c.co',
  'a@b c.co',
  'a@b@c.co',
  'a@b.co\n',
  `a@${'b'.repeat(64)}.co`,
  `a@${'\ufdfa'.repeat(60)}.co`
]

t.test('e-mail addresses are accepted and refused as in Django', async t => {
  for (const email of good) t.strictSame(profileErrors({ email }), {}, email)
  for (const email of bad) t.strictSame(profileErrors({ email }), { email: ['Enter a valid email address.'] }, email)
  t.strictSame(profileErrors({ email: '' }), {}, 'an empty address is allowed')
})

t.test('a huge address is refused without much work', async t => {
  const email = `${'a.'.repeat(30_000)}@${'b.'.repeat(30_000)}`
  t.strictSame(profileErrors({ email }), { email: ['Enter a valid email address.'] })
})

t.test('a user name is stored in NFKC, and refused when NFKC makes it invalid', async t => {
  t.strictSame(profileChanges({ username: 'Ｊｕ\u0308rgen' }), { username: 'Jürgen' })
  t.strictSame(profileErrors({ username: 'Jürgen_1+@.-' }), {})
  const refused = 'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.'
  const expanding = profileChanges({ username: '\ufdfa' })
  t.strictSame(profileErrors(expanding), { username: [refused] }, 'one letter that becomes several words')
  t.strictSame(profileErrors({ username: 'x'.repeat(151) }), { username: [refused] })
})

t.test('a change contains only the given fields', async t => {
  t.strictSame(profileChanges({}), {})
  t.strictSame(profileChanges({ first_name: '', birth_date: null }), { firstName: '', birthDate: null })
})

t.test(
  'a new password must be long enough and not a number, and must match its confirmation if there is one',
  async t => {
    const short = 'This password is too short. It must contain at least 8 characters.'
    const numeric = 'This password is entirely numeric.'
    const differs = "Password fields didn't match."

    t.strictSame(passwordErrors('password', 'correct horse', undefined), {})
    t.strictSame(passwordErrors('password', 'correct horse', 'correct horse'), {})
    t.strictSame(passwordErrors('password', '1234567', undefined), { password: [short, numeric] })
    t.strictSame(passwordErrors('password', '😀😀😀😀', undefined), { password: [short] }, 'four characters')
    t.strictSame(passwordErrors('new_password', '12345678', '87654321'), { new_password: [numeric, differs] })
  }
)
