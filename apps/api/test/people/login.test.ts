import type { LoginAnswer } from '@rendezvous/contract'
import t from 'tap'
import { openAccounts } from './app.ts'
import { markPerson, PASSWORD } from './people.ts'
import { claimsOf, pairOf } from './token-answers.ts'

const refused = {
  type: 'urn:rendezvous:error:no_active_account',
  title: 'Unauthorized',
  status: 401,
  detail: 'No active account found with the given credentials',
  code: 'no_active_account',
  request_id: 'test'
}

t.test('log-in and log-out', async t => {
  const { app, open, tokens, ended, checked, time, call, join } = await openAccounts(t)

  t.test('the log-in of the first backend returns the token twice, and the profile', async t => {
    const { id } = await join({ username: 'Alice', email: 'Alice@Example.com' })
    const { status, body } = await call('POST', '/auth/login/', { username: 'alice', password: PASSWORD })
    const answer = body as LoginAnswer

    t.equal(status, 200)
    t.strictSame(Object.keys(body), ['token', 'access', 'refresh', 'user'])
    t.equal(answer.token, answer.access)
    t.match(answer.user, { id, username: 'Alice', email: 'Alice@example.com', online: false })
    t.notMatch(JSON.stringify(body), /password|plain/)
    t.match(tokens.verifyAccess(answer.access), { ok: true, claims: { userId: id } })
  })

  t.test('the device of a session has visible characters only', async t => {
    const { id, username } = await join()
    const payload = { username, password: PASSWORD }
    const headers = { 'user-agent': 'Pho\u00ADne\u0085 7' }
    t.equal((await app.inject({ method: 'POST', url: '/api/token/', payload, headers })).statusCode, 200)
    const rows = await open.database.query(
      {
        name: 'test_agents',
        text: 'SELECT user_agent AS agent FROM session WHERE user_id = $1 ORDER BY created_at DESC'
      },
      [id]
    )
    t.match(rows, [{ agent: 'Phone 7' }])
  })

  t.test('the log-in of the second backend returns two tokens', async t => {
    const { body, status } = await call('POST', '/api/token', { email: 'ALICE@example.com', password: PASSWORD })
    t.equal(status, 200)
    t.strictSame(Object.keys(body).sort(), ['access', 'refresh'])
  })

  t.test('an unknown name, a wrong password and an inactive user get the same answer after one check each', async t => {
    const gone = await join()
    await markPerson(open, gone.id, 'inactive')
    checked.length = 0
    for (const path of ['/auth/login/', '/api/token/']) {
      const answers = [
        await call('POST', path, { username: 'nobody', password: PASSWORD }),
        await call('POST', path, { username: 'alice', password: 'wrong horse' }),
        await call('POST', path, { username: gone.username, password: PASSWORD })
      ]
      t.strictSame(JSON.parse(answers[0]?.text ?? ''), refused)
      for (const { status, text, headers } of answers) {
        t.equal(status, 401)
        t.equal(text, answers[0]?.text)
        t.equal(headers['www-authenticate'], 'Bearer realm="api"')
      }
    }
    t.equal(checked.length, 6)
  })

  t.test('a log-in without a field names that field, and an overlong password is not hashed', async t => {
    checked.length = 0
    const missing = await call('POST', '/api/token/', {})
    t.equal(missing.status, 400)
    t.match(missing.body, { username: ['This field is required.'], password: ['This field is required.'] })
    const long = await call('POST', '/api/token/', { username: 'alice', password: 'x'.repeat(1_025) })
    t.match(long, { status: 400, body: { password: ['Ensure this field has no more than 1024 characters.'] } })
    const huge = await call('POST', '/api/token/', { username: 'alice', password: 'x'.repeat(1_000_000) })
    t.equal(huge.status, 413)
    t.equal(checked.length, 0)
  })

  t.test('a log-out ends the session at once, also without a body and with null', async t => {
    for (const body of [undefined, '', {}, { refresh: null }]) {
      const { id, access, refresh } = await join()
      ended.length = 0
      const { status, body: answer } = await call('POST', '/api/v1/auth/logout/', body, access)

      t.strictSame({ status, answer }, { status: 200, answer: { detail: 'Successfully logged out.' } })
      t.strictSame(ended, [{ userId: id, sessionIds: [claimsOf(tokens, access).sessionId] }])
      t.equal((await call('GET', '/api/v1/auth/profile/', undefined, access)).status, 401)
      t.equal((await call('POST', '/api/token/refresh/', { refresh })).status, 401)
    }
  })

  t.test('a log-out also ends the session of the caller’s refresh token, and no session of others', async t => {
    const [one, stranger] = [await join(), await join()]
    const other = pairOf(await call('POST', '/api/token/', { username: one.username, password: PASSWORD }))
    t.equal((await call('POST', '/api/v1/auth/logout/', { refresh_token: other.refresh }, one.access)).status, 200)
    t.equal((await call('GET', '/api/v1/auth/profile/', undefined, other.access)).status, 401)

    const again = pairOf(await call('POST', '/api/token/', { username: one.username, password: PASSWORD }))
    for (const refresh of [stranger.refresh, 'garbage', again.access]) {
      const refused = await call('POST', '/api/v1/auth/logout/', { refresh }, again.access)
      t.match(refused, { status: 401, body: { code: 'token_not_valid', detail: String } })
    }
    for (const { access } of [stranger, again])
      t.equal((await call('GET', '/api/v1/auth/profile/', undefined, access)).status, 200, 'no session ended')
  })

  t.test('a deactivated user is refused within a second and cannot refresh', async t => {
    const { id, access, refresh } = await join()
    await markPerson(open, id, 'inactive')
    time.now += 1_001
    t.equal((await call('GET', '/api/v1/auth/profile/', undefined, access)).status, 401)
    t.equal((await call('POST', '/api/token/refresh/', { refresh })).status, 401)
  })

  t.test('a log-in may be form-encoded', async t => {
    const { username } = await join()
    const payload = new URLSearchParams({ username, password: PASSWORD }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    t.equal((await app.inject({ method: 'POST', url: '/auth/login', headers, payload })).statusCode, 200)
  })
})
