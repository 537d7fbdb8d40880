import t from 'tap'
import { newTotals } from '../src/report.ts'
import type { SourcePerson } from '../src/source/people.ts'
import { accountOf, otherName } from '../src/steps/person.ts'

const emptyPerson: SourcePerson = {
  ...{
    key: '5',
    username: 'ann',
    email: null,
    password: null,
    firstName: null,
    lastName: null,
    bio: null,
    avatar: null
  },
  ...{ birthDate: null, gender: null, location: null, phone: null, locale: null, isActive: null, dateJoined: null },
  lastSeen: null
}

/** The account made from `fields`, and the changes that the report names. */
function convert(fields: Partial<SourcePerson>) {
  const notes = newTotals()
  const account = accountOf({ ...emptyPerson, ...fields }, notes)
  const { no_password, ...changed } = notes.tallies().people.changed
  return { account, changed: Object.keys(changed) }
}

t.test('a user name is stored in NFKC, with allowed characters only', async t => {
  const names: [given: string | null, kept: string][] = [
    ['Ann.B@c+d-e_1', 'Ann.B@c+d-e_1'],
    ['ｊｏｈｎ', 'john'],
    ['ann lee', 'ann_lee'],
    ['a/b\u200bc', 'a_b_c'],
    ['', 'user_5'],
    [null, 'user_5'],
    ['x'.repeat(200), 'x'.repeat(150)]
  ]
  for (const [given, kept] of names) t.equal(convert({ username: given }).account.username, kept)
})

t.test('a valid e-mail address is kept', async t => {
  t.match(convert({ email: ' Ann@Example.org ' }), { account: { email: 'Ann@Example.org' }, changed: { length: 0 } })
  t.same(convert({ email: '' }).changed, [])
  for (const email of ['ann', 'ann@', 'a b@example.org', `${'x'.repeat(250)}@example.org`]) {
    t.match(convert({ email }), { account: { email: '' }, changed: ['email_dropped'] })
  }
})

t.test('an id is kept when it is valid here', async t => {
  t.equal(convert({ key: '2000000000' }).account.wantedId, 2_000_000_000)
  for (const key of ['0', '-1', '2000000001', '9007199254740993', '6f1f9c1e-0000-4000-8000-000000000001']) {
    t.equal(convert({ key }).account.wantedId, null, key)
  }
})

t.test('a valid date of birth is kept', async t => {
  t.equal(convert({ birthDate: '1999-12-31' }).account.birthDate, '1999-12-31')
  t.equal(convert({ birthDate: '1999-12-31 00:00:00+00' }).account.birthDate, '1999-12-31')
  for (const birthDate of ['1999-02-30', '0044-03-15 BC', 'infinity', 'young']) {
    const { account, changed } = convert({ birthDate })
    t.ok(
      account.birthDate === null ? changed[0] === 'date_dropped' : birthDate.startsWith(account.birthDate),
      birthDate
    )
  }
})

t.test('a picture is kept when it is a URL, and long texts are cut', async t => {
  t.equal(convert({ avatar: 'https://example.org/a.png' }).account.avatar, 'https://example.org/a.png')
  t.match(convert({ avatar: 'avatars/a.png' }), { account: { avatar: null }, changed: ['avatar_dropped'] })
  t.match(convert({ gender: '😀'.repeat(121) }), { account: { gender: '😀'.repeat(120) }, changed: ['text_cut'] })
})

t.test('any password hash is kept, and a missing one matches no password', async t => {
  const unknown = 'bcrypt_sha256$$2b$12$T9v4vTXjWb6uAoMxaVQBIuQQhFDaJXrh/FrUFstowQ68vaQRiBIVm'
  t.equal(convert({ password: unknown }).account.passwordHash, unknown)
  t.same(convert({ password: unknown }).changed, ['unknown_hash'])
  const known = 'pbkdf2_sha1$1000$salt$bxSkLrebycD2ECFQDNFWRho35nM='
  t.match(convert({ password: known }), { account: { passwordHash: known }, changed: { length: 0 } })
  for (const password of [null, '', 'x'.repeat(513)]) t.equal(convert({ password }).account.passwordHash, '!')
})

t.test('a replacement name ends with the key, and is not longer than allowed', async t => {
  t.equal(
    otherName('ann', '5', () => true),
    'ann_5'
  )
  t.equal(
    otherName('ann', '5', name => name !== 'ann_5'),
    'ann_5_2'
  )
  t.equal(
    otherName('x'.repeat(150), '12', () => true),
    `${'x'.repeat(147)}_12`
  )
})
