import t from 'tap'
import { openAccounts } from './app.ts'
import { claimsOf, pairOf } from './token-answers.ts'

/** The problem body of an invalid token. */
function notValid(detail: string) {
  return { detail, code: 'token_not_valid', status: 401 }
}

t.test('tokens', async t => {
  const { tokens, ended, time, call, join } = await openAccounts(t)

  t.test('a refresh token gives new tokens repeatedly until its successor is used', async t => {
    const first = await join()
    const refresh = async (token: string) => call('POST', '/api/token/refresh/', { refresh: token })
    const second = pairOf(await refresh(first.refresh))
    t.equal((await call('GET', '/api/v1/auth/profile/', undefined, second.access)).status, 200)
    t.equal((await refresh(first.refresh)).status, 200, 'the client may have lost the answer')
    const third = pairOf(await refresh(second.refresh))

    ended.length = 0
    t.match(await refresh(first.refresh), { status: 401, body: notValid('Token is blacklisted') })
    const { sessionId } = claimsOf(tokens, first.access)
    t.strictSame(ended, [{ userId: first.id, sessionIds: [sessionId] }])
    t.match(await refresh(third.refresh), { status: 401, body: notValid('Token is blacklisted') })
    t.equal((await call('GET', '/api/v1/auth/profile/', undefined, third.access)).status, 401, 'at once')
    t.equal(ended.length, 1, 'announced once')
  })

  t.test('when a refresh token and its copy are both in use, the second successor ends the session', async t => {
    const { id, refresh: copied } = await join()
    const refresh = async (token: string) => call('POST', '/api/token/refresh/', { refresh: token })
    const [one, other] = [pairOf(await refresh(copied)), pairOf(await refresh(copied))]
    const { access } = pairOf(await refresh(one.refresh))
    ended.length = 0

    t.match(await refresh(other.refresh), { status: 401, body: notValid('Token is blacklisted') })

    t.strictSame(ended, [{ userId: id, sessionIds: [claimsOf(tokens, access).sessionId] }])
    for (const token of [access, one.access, other.access])
      t.equal((await call('GET', '/api/v1/auth/profile/', undefined, token)).status, 401, 'access tokens too')
  })

  t.test('a replaced refresh token can still sign out', async t => {
    const { refresh: first } = await join()
    const refresh = async (token: string) => call('POST', '/api/token/refresh/', { refresh: token })
    const [one, other] = [pairOf(await refresh(first)), pairOf(await refresh(first))]
    await refresh(one.refresh)

    t.equal((await call('POST', '/api/token/blacklist/', { refresh: other.refresh })).status, 200)

    t.match(await refresh(one.refresh), { status: 401, body: notValid('Token is blacklisted') })
  })

  t.test('an invalid refresh token is refused in SimpleJWT’s words', async t => {
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

  t.test('an invalid bearer token is refused in SimpleJWT’s words', async t => {
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
})
