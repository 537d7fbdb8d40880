import type { LoginAnswer, TokenPair } from '@rendezvous/contract'
import t from 'tap'
import { type Answer, openAccounts } from './app.ts'
import { dispose, PASSWORD } from './people.ts'

const refused = {
  type: 'urn:rendezvous:error:no_active_account',
  title: 'Unauthorized',
  status: 401,
  detail: 'No active account found with the given credentials',
  code: 'no_active_account',
  request_id: 'test'
}

/** The problem body of a token that is not valid. */
function notValid(detail: string) {
  return { detail, code: 'token_not_valid', status: 401 }
}

function pairOf({ body }: Answer): TokenPair {
  return body as TokenPair
}

t.test('signing in, keeping signed in and signing out', async t => {
  const { app, open, tokens, ended, checked, time, call, join } = await openAccounts(t)

  t.test('the first backend’s log-in answers the token twice, and the profile', async t => {
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

  t.test('the second backend’s answers two tokens', async t => {
    const { body, status } = await call('POST', '/api/token', { email: 'ALICE@example.com', password: PASSWORD })
    t.equal(status, 200)
    t.strictSame(Object.keys(body).sort(), ['access', 'refresh'])
  })

  t.test('an unknown name, a wrong password and an inactive person get one answer, after one check each', async t => {
    const gone = await join()
    await dispose(open, gone.id, 'inactive')
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

  t.test('a log-in that lacks something names it, and one with a megabyte for a password is not hashed', async t => {
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

  t.test('a refresh token gives new tokens again and again, until its successor was used', async t => {
    const first = await join()
    const refresh = async (token: string) => call('POST', '/api/token/refresh/', { refresh: token })
    const second = pairOf(await refresh(first.refresh))
    t.equal((await call('GET', '/api/v1/auth/profile/', undefined, second.access)).status, 200)
    t.equal((await refresh(first.refresh)).status, 200, 'the answer may have been lost')
    const third = pairOf(await refresh(second.refresh))

    ended.length = 0
    t.match(await refresh(first.refresh), { status: 401, body: notValid('Token is blacklisted') })
    const { sessionId } = claimsOf(first.access)
    t.strictSame(ended, [{ userId: first.id, sessionIds: [sessionId] }])
    t.match(await refresh(third.refresh), { status: 401, body: notValid('Token is blacklisted') })
    t.equal((await call('GET', '/api/v1/auth/profile/', undefined, third.access)).status, 401, 'at once')
    t.equal(ended.length, 1, 'told once')
  })

  t.test('of a refresh token and its copy, used side by side, the one that comes second ends the family', async t => {
    const { id, refresh: copied } = await join()
    const refresh = async (token: string) => call('POST', '/api/token/refresh/', { refresh: token })
    const [one, other] = [pairOf(await refresh(copied)), pairOf(await refresh(copied))]
    const { access } = pairOf(await refresh(one.refresh))
    ended.length = 0

    t.match(await refresh(other.refresh), { status: 401, body: notValid('Token is blacklisted') })

    t.strictSame(ended, [{ userId: id, sessionIds: [claimsOf(access).sessionId] }])
    for (const token of [access, one.access, other.access])
      t.equal((await call('GET', '/api/v1/auth/profile/', undefined, token)).status, 401, 'access tokens too')
  })

  t.test('a refresh token that was replaced still signs out', async t => {
    const { refresh: first } = await join()
    const refresh = async (token: string) => call('POST', '/api/token/refresh/', { refresh: token })
    const [one, other] = [pairOf(await refresh(first)), pairOf(await refresh(first))]
    await refresh(one.refresh)

    t.equal((await call('POST', '/api/token/blacklist/', { refresh: other.refresh })).status, 200)

    t.match(await refresh(one.refresh), { status: 401, body: notValid('Token is blacklisted') })
  })

  t.test('what is no refresh token is refused in SimpleJWT’s words', async t => {
    const { access, refresh } = await join()
    const answerTo = (token: unknown) => call('POST', '/api/token/refresh/', { refresh: token })
    t.match(await answerTo(access), { status: 401, body: notValid('Token has wrong type') })
    for (const text of ['x.y.z', 'x'.repeat(5_000)])
      t.match(await answerTo(text), { status: 401, body: notValid('Token is invalid') })
    for (const blank of ['', '  '])
      t.match(await answerTo(blank), { status: 400, body: { refresh: ['This field may not be blank.'] } })
    t.match(await call('POST', '/api/token/refresh/', {}), {
      status: 400,
      body: { refresh: ['This field is required.'] }
    })

    time.now += 15 * 86_400_000
    t.match(await answerTo(refresh), { status: 401, body: notValid('Token is expired') })
  })

  t.test('a bearer token that may not be used is refused in SimpleJWT’s words', async t => {
    const { access, refresh } = await join()
    const answerTo = (token?: string) => call('GET', '/api/v1/auth/profile/', undefined, token)
    const messages = (message: string) => [{ token_class: 'AccessToken', token_type: 'access', message }]
    const detail = 'Given token not valid for any token type'

    t.equal((await answerTo(access)).status, 200)
    t.match(await answerTo(), { status: 401, body: { code: 'not_authenticated' } })
    t.match(await answerTo('x'), { status: 401, body: { ...notValid(detail), messages: messages('Token is invalid') } })
    t.match(await answerTo(refresh), { status: 401, body: { messages: messages('Token has wrong type') } })
    time.now += 3_600_000
    t.match(await answerTo(access), { status: 401, body: { messages: messages('Token is expired') } })
  })

  t.test('signing out ends the session at once, with no body, with null, and with the refresh token', async t => {
    for (const body of [undefined, '', {}, { refresh: null }, { refresh: 'garbage' }]) {
      const { id, access, refresh } = await join()
      ended.length = 0
      const { status, body: answer } = await call('POST', '/api/v1/auth/logout/', body, access)

      t.strictSame({ status, answer }, { status: 200, answer: { detail: 'Successfully logged out.' } })
      t.strictSame(ended, [{ userId: id, sessionIds: [claimsOf(access).sessionId] }])
      t.equal((await call('GET', '/api/v1/auth/profile/', undefined, access)).status, 401)
      t.equal((await call('POST', '/api/token/refresh/', { refresh })).status, 401)
    }
  })

  t.test('signing out ends one’s own session of the refresh token too, and nobody else’s', async t => {
    const [one, stranger] = [await join(), await join()]
    const other = pairOf(await call('POST', '/api/token/', { username: one.username, password: PASSWORD }))
    t.equal((await call('POST', '/api/v1/auth/logout/', { refresh_token: other.refresh }, one.access)).status, 200)
    t.equal((await call('GET', '/api/v1/auth/profile/', undefined, other.access)).status, 401)

    const again = pairOf(await call('POST', '/api/token/', { username: one.username, password: PASSWORD }))
    t.equal((await call('POST', '/api/v1/auth/logout/', { refresh: stranger.refresh }, again.access)).status, 200)
    t.equal((await call('GET', '/api/v1/auth/profile/', undefined, stranger.access)).status, 200)
  })

  t.test('a token can be verified and blacklisted as with SimpleJWT', async t => {
    const { access, refresh } = await join()
    const verify = (token: string) => call('POST', '/api/token/verify/', { token })
    for (const token of [access, refresh]) t.match(await verify(token), { status: 200, text: '{}' })
    t.match(await verify('x'), { status: 401, body: notValid('Token is invalid') })

    t.match(await call('POST', '/api/token/blacklist/', { refresh }), { status: 200, text: '{}' })
    for (const token of [access, refresh]) t.match(await verify(token), { status: 401 })
    t.match(await call('POST', '/api/token/blacklist/', { refresh }), {
      status: 401,
      body: notValid('Token is blacklisted')
    })
    t.equal((await call('POST', '/api/token/blacklist/', { refresh: access })).status, 401)
  })

  t.test('a person who was made inactive is out within a second, and cannot refresh', async t => {
    const { id, access, refresh } = await join()
    await dispose(open, id, 'inactive')
    time.now += 1_001
    t.equal((await call('GET', '/api/v1/auth/profile/', undefined, access)).status, 401)
    t.equal((await call('POST', '/api/token/refresh/', { refresh })).status, 401)
  })

  t.test('a log-in may come as a form', async t => {
    const { username } = await join()
    const payload = new URLSearchParams({ username, password: PASSWORD }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    t.equal((await app.inject({ method: 'POST', url: '/auth/login', headers, payload })).statusCode, 200)
  })

  function claimsOf(access: string) {
    const verified = tokens.verifyAccess(access)
    if (!verified.ok) throw new Error(verified.reason)
    return verified.claims
  }
})
