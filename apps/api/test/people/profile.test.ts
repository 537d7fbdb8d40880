import t from 'tap'
import { conversationsIn } from '../../src/chat/conversations/adapter.ts'
import { addBlock } from '../database/engines.ts'
import { openAccounts } from './app.ts'
import { markPerson, PASSWORD } from './people.ts'

const register = '/api/v1/auth/register/'
const profile = '/api/v1/auth/profile/'

t.test('accounts and profiles', async t => {
  const { open, call, join } = await openAccounts(t)

  t.test('registration returns the new profile without the password', async t => {
    const fields = { username: 'Anna', email: 'Anna@example.com', first_name: 'A', birth_date: '1999-12-31' }
    const { status, body, text } = await call('POST', register, { ...fields, password: PASSWORD, password2: PASSWORD })
    t.equal(status, 201)
    t.match(body, { ...fields, is_online: false, status: 'offline', last_seen: null, avatar: null })
    t.match(body.date_joined, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
    t.notMatch(text, /password|horse/)
  })

  t.test('read-only and unknown fields of a registration are ignored', async t => {
    const { status, body } = await call('POST', register, {
      username: 'Greedy',
      password: PASSWORD,
      id: 1_000_000,
      is_staff: true,
      is_active: false,
      date_joined: '1970-01-01T00:00:00Z',
      password_hash: 'x'
    })
    t.equal(status, 201)
    t.not(body.id, 1_000_000)
    t.notMatch(body.date_joined, /^1970/)
    t.equal((await call('POST', '/api/token/', { username: 'greedy', password: PASSWORD })).status, 200)
  })

  t.test('a refused registration names every broken rule', async t => {
    const bad = { username: 'a b', email: 'nowhere', password: '1234567', confirm_password: '7654321' }
    t.match(await call('POST', register, bad), {
      status: 400,
      body: {
        username: [/valid username/],
        email: ['Enter a valid email address.'],
        password: [
          'This password is too short. It must contain at least 8 characters.',
          'This password is entirely numeric.'
        ],
        code: 'invalid'
      }
    })
    const unlike = { username: 'ab', password: PASSWORD, password2: `${PASSWORD}!` }
    t.match(await call('POST', register, unlike), {
      status: 400,
      body: { password: ["Password fields didn't match."] }
    })
    const kept = await call('POST', register, { username: 'Dom', email: 'Dom@Sub.Example.ORG', password: PASSWORD })
    t.match(kept, { status: 201, body: { email: 'Dom@sub.example.org' } })
    t.match(await call('POST', register, {}), { status: 400, body: { username: ['This field is required.'] } })
    const long = await call('POST', register, { username: 'long', password: 'x'.repeat(1_025) })
    t.match(long, { status: 400, body: { password: ['Ensure this field has no more than 1024 characters.'] } })
  })

  t.test('a taken user name and a taken address are refused in Django’s words', async t => {
    t.match(await call('POST', register, { username: 'ANNA', email: 'anna@example.com', password: PASSWORD }), {
      status: 400,
      body: {
        username: ['A user with that username already exists.'],
        email: ['user with this email already exists.']
      }
    })
  })

  t.test('a profile can be written back as it was read', async t => {
    const { access } = await join({ email: 'round@example.com', bio: 'b', phone: '1', birth_date: '2001-01-01' })
    const read = await call('GET', profile, undefined, access)
    const put = await call('PUT', profile, read.body, access)
    t.equal(put.status, 200)
    t.strictSame(put.body, read.body)
  })

  t.test('PUT and PATCH both change only the given fields', async t => {
    const { access, username } = await join({ bio: 'old', email: 'patch@example.com' })
    t.match((await call('PATCH', profile, { bio: 'new' }, access)).body, { bio: 'new', email: 'patch@example.com' })
    t.match((await call('PUT', profile, { first_name: 'P' }, access)).body, { bio: 'new', first_name: 'P', username })
    t.match(await call('PATCH', profile, { birth_date: '' }, access), { status: 200, body: { birth_date: null } })
    t.match((await call('GET', profile, undefined, access)).body, { bio: 'new', first_name: 'P', username })
  })

  t.test('a new address does not change the user name, and signs in from then on', async t => {
    const { access, username } = await join({ email: 'old@example.com' })
    t.match(await call('PATCH', profile, { email: 'new@example.com' }, access), {
      status: 200,
      body: { username, email: 'new@example.com' }
    })
    t.equal((await call('POST', '/api/token/', { username: 'new@example.com', password: PASSWORD })).status, 200)
    t.equal((await call('POST', '/api/token/', { username: 'old@example.com', password: PASSWORD })).status, 401)
  })

  t.test('a change that breaks a rule changes nothing and names the field', async t => {
    const { access } = await join({ bio: 'kept' })
    const refuse = (body: object) => call('PATCH', profile, { bio: 'lost', ...body }, access)
    t.match(await refuse({ username: 'anna' }), { status: 400, body: { username: [/already exists/] } })
    t.match(await refuse({ email: 'x' }), { status: 400, body: { email: ['Enter a valid email address.'] } })
    t.match(await refuse({ birth_date: '2026-02-30' }), { status: 400, body: { birth_date: [/wrong format/] } })
    t.match(await refuse({ birth_date: '0000-01-01' }), { status: 400, body: { birth_date: [/wrong format/] } })
    t.match(await refuse({ first_name: 'a\0b' }), { status: 400, body: { first_name: [/Null characters/] } })
    t.match(await refuse({ first_name: null }), { status: 400, body: { first_name: ['This field may not be null.'] } })
    t.match((await call('GET', profile, undefined, access)).body, { bio: 'kept' })
  })

  t.test('names have visible characters only, in a registration and in a change', async t => {
    const { access } = await join()
    const names = ['\u3164', 'a\u3164', 'a\u202Eb', 'a\u200B', '\u2800']
    for (const name of names) {
      const refused = { status: 400, body: { first_name: [String], last_name: [String] } }
      const both = { first_name: name, last_name: name }
      t.match(await call('PATCH', profile, both, access), refused)
      t.match(await call('POST', register, { username: 'unseen', password: PASSWORD, ...both }), refused)
      t.match(await call('POST', register, { username: name, password: PASSWORD }), {
        status: 400,
        body: { username: [/valid username/] }
      })
      t.match(await call('PATCH', profile, { username: name }, access), { status: 400 })
    }
  })

  t.test('an imported name that breaks the rule stays when the profile is sent back', async t => {
    const { access, id } = await join()
    await open.database.query(
      {
        name: 'test_imported_name',
        text: "UPDATE person SET username = username || U&'\\3164', first_name = U&'\\3164' WHERE id = $1"
      },
      [id]
    )
    const read = await call('GET', profile, undefined, access)
    t.match(await call('PUT', profile, { ...read.body, bio: 'changed' }, access), {
      status: 200,
      body: { first_name: '\u3164', username: String(read.body.username).normalize('NFKC'), bio: 'changed' }
    })
    t.match(await call('PATCH', profile, { first_name: '\u3164\u3164' }, access), { status: 400 })
  })

  t.test('the own profile needs a token', async t => {
    t.match(await call('GET', profile), { status: 401, body: { code: 'not_authenticated' } })
    t.match(await call('PATCH', profile, { bio: 'x' }), { status: 401 })
  })

  t.test('other users see the public fields of a profile at the paths of both seeds', async t => {
    const one = await join()
    const other = await join({ email: 'private@example.com', phone: '0123', bio: 'hello', birth_date: '1990-01-01' })
    const first = await call('GET', `/users/${other.id}/`, undefined, one.access)
    const second = await call('GET', `/api/v1/auth/users/${other.id}`, undefined, one.access)
    t.equal(first.status, 200)
    t.match(first.body, { id: other.id, username: other.username, bio: 'hello', online: false, last_seen: null })
    t.notMatch(first.text, /private@|0123|1990/)
    t.strictSame(second.body, first.body)
    t.equal((await call('GET', `/users/${other.id}/`)).status, 401)
  })

  t.test('blocked, blocking, deleted, inactive, absent and invalid ids get the same answer, byte for byte', async t => {
    const { access, id } = await join()
    const [blocked, blocking, deleted, inactive] = [await join(), await join(), await join(), await join()]
    await addBlock(open.database, id, blocked.id)
    await addBlock(open.database, blocking.id, id)
    await markPerson(open, deleted.id, 'deleted')
    await markPerson(open, inactive.id, 'inactive')
    const absent = await call('GET', '/users/2000000000/', undefined, access)

    t.match(absent, { status: 404, body: { detail: 'Not found.', code: 'not_found' } })
    const ids = [blocked, blocking, deleted, inactive].map(person => String(person.id))
    for (const name of [...ids, '0', '-1', 'abc', '9007199254740993', '2147483648', '1.5', '%20']) {
      const answer = await call('GET', `/users/${name}/`, undefined, access)
      t.strictSame({ status: answer.status, text: answer.text }, { status: 404, text: absent.text }, name)
    }
  })

  t.test('a status may be written in several ways, and contacts see it', async t => {
    const [one, other] = [await join(), await join()]
    await conversationsIn(open.database).openDirect(one.id, other.id)
    const ways = [{ is_online: true }, { online: false }, { status: 'online' }, { is_online: 'false' }, { online: 1 }]
    for (const [index, way] of ways.entries()) {
      const online = index % 2 === 0
      const answer = await call('POST', '/api/v1/auth/update-status/', way, one.access)
      t.strictSame(answer.body, {
        id: one.id,
        is_online: online,
        online,
        status: online ? 'online' : 'offline',
        detail: 'Status updated.',
        last_seen: null
      })
      t.match((await call('GET', `/users/${one.id}/`, undefined, other.access)).body, { online })
    }
    t.match(await call('POST', '/api/v1/auth/update-status/', { is_online: false }, one.access), { status: 200 })
    t.match(await call('POST', '/api/v1/auth/update-status/', {}, one.access), {
      status: 200,
      body: { is_online: true }
    })
    t.equal((await call('POST', '/api/v1/auth/update-status/', { status: 'x' }, one.access)).status, 400)
  })
})
