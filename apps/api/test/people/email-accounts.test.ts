import type { LoginAnswer, Profile } from '@rendezvous/contract'
import t from 'tap'
import { openAccounts } from './app.ts'
import { PASSWORD } from './people.ts'

t.test('accounts of the first backend, which sign in by their address', async t => {
  const { call, tokens } = await openAccounts(t)
  const names = { first_name: 'Ann', last_name: 'Lee' }
  const register = (body: object) => call('POST', '/register/', { password: PASSWORD, ...body })

  t.test('an address, names and a password make an account', async t => {
    const { status, body } = await register({ email: 'Ann@Example.com', ...names })

    t.equal(status, 201)
    t.match(body, { email: 'Ann@example.com', ...names })
    t.notOk('password' in body)
  })

  t.test('the address signs in under either field, in any case, and so does the user name', async t => {
    const { body } = await register({ email: 'eve@example.com', ...names })
    const { username, id } = body as unknown as Profile
    for (const credentials of [
      { email: 'eve@example.com' },
      { email: 'EVE@example.COM' },
      { username: 'eve@example.com' },
      { email: username },
      { username }
    ]) {
      for (const path of ['/login/', '/auth/login/', '/api/token/']) {
        const signedIn = await call('POST', path, { ...credentials, password: PASSWORD })
        t.equal(signedIn.status, 200, `${path} ${JSON.stringify(credentials)}`)
      }
    }
    const { token } = (await call('POST', '/login/', { email: 'eve@example.com', password: PASSWORD }))
      .body as unknown as LoginAnswer
    t.match(tokens.verifyAccess(token), { ok: true, claims: { userId: id } })
  })

  t.test('the user name, which others see, tells nothing of the address', async t => {
    const { body } = await register({ email: 'bob.secret@example.com', ...names })

    t.match(body.username, /^user_[0-9a-f]{16}$/)
  })

  t.test('an address longer than any user name makes an account', async t => {
    const email = `${'a'.repeat(60)}@${'b'.repeat(60)}.${'c'.repeat(60)}.example`
    t.equal((await register({ email, ...names })).status, 201)
    t.equal((await call('POST', '/login/', { email, password: PASSWORD })).status, 200)
  })

  t.test('wrong credentials get the text of the first backend', async t => {
    const answer = await call('POST', '/login/', { email: 'nobody@example.com', password: PASSWORD })

    t.equal(answer.status, 401)
    t.match(answer.body, { detail: 'Invalid credentials.', code: 'no_active_account' })
    t.equal(answer.headers['www-authenticate'], 'Bearer realm="api"')
  })

  t.test('a taken address is an error of that field alone', async t => {
    await register({ email: 'max@example.com', ...names })
    const { status, body } = await register({ email: 'MAX@example.com', ...names })

    t.equal(status, 400)
    t.match(body, { email: ['user with this email already exists.'] })
    t.notOk('username' in body)
  })

  t.test('a body with a user name makes an account that has it, with or without an address', async t => {
    t.match((await register({ username: 'zed', email: 'zed@example.com' })).body, { username: 'zed' })
    t.match((await register({ username: 'zoe' })).body, { username: 'zoe', email: '' })
    t.equal((await call('POST', '/login/', { username: 'zoe', password: PASSWORD })).status, 200)
  })

  t.test('without a user name, an address is required', async t => {
    t.match(await register(names), { status: 400, body: { email: ['This field is required.'] } })
    t.match(await register({ email: '', ...names }), { status: 400, body: { email: ['This field may not be blank.'] } })
    t.match(await register({ email: 'no address', ...names }), { status: 400, body: { email: [String] } })
  })
})
