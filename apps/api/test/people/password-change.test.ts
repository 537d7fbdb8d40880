import t from 'tap'
import { type AccountApp, openAccounts } from './app.ts'
import { PASSWORD } from './people.ts'

const profile = '/api/v1/auth/profile/'

t.test('changes of passwords', async t => {
  const { ended, call, join } = await openAccounts(t)

  t.test('a new password ends all sessions, spares the access token of the request, and starts a session', async t => {
    const one = await join()
    const other = await signIn(call, one.username, PASSWORD)
    ended.length = 0
    const change = { old_password: PASSWORD, new_password: 'battery staple', confirm_password: 'battery staple' }
    const { status, body } = await call('PUT', '/api/v1/auth/change-password/', change, one.access)

    t.equal(status, 200)
    t.strictSame(Object.keys(body), ['detail', 'access', 'refresh'])
    t.match(ended, [{ userId: one.id, spare: /./ }])
    t.equal(ended[0]?.sessionIds.length, 2)
    const works = async (access: unknown) => (await call('GET', profile, undefined, String(access))).status === 200
    const refreshes = async (refresh: unknown) =>
      (await call('POST', '/api/token/refresh/', { refresh })).status === 200
    t.strictSame([await works(one.access), await works(other.access), await works(body.access)], [true, false, true])
    t.strictSame(
      [await refreshes(one.refresh), await refreshes(other.refresh), await refreshes(body.refresh)],
      [false, false, true]
    )
    t.equal((await call('POST', '/api/token/', { username: one.username, password: PASSWORD })).status, 401)
    t.ok((await signIn(call, one.username, 'battery staple')).access)
  })

  t.test('a change of password needs the current password and a valid new one', async t => {
    const { access, username } = await join()
    const url = '/api/v1/auth/change-password/'
    for (const name of ['old_password', 'current_password'])
      t.match(await call('POST', url, { [name]: 'wrong', new_password: 'battery staple' }, access), {
        status: 400,
        body: { [name]: ['Wrong password.'] }
      })
    t.match(await call('PATCH', url, { old_password: PASSWORD, new_password: '123' }, access), {
      status: 400,
      body: { new_password: [/too short/, 'This password is entirely numeric.'] }
    })
    const unlike = { old_password: PASSWORD, new_password: 'battery staple', new_password_confirm: 'staple battery' }
    t.match(await call('PUT', url, unlike, access), {
      status: 400,
      body: { new_password: ["Password fields didn't match."] }
    })
    t.equal((await call('POST', '/api/token/', { username, password: PASSWORD })).status, 200)
  })

  t.test('white space around a password is ignored, and white space inside it counts', async t => {
    const { username } = await join({ username: 'spacey' })
    const { access } = await signIn(call, username, PASSWORD)
    const change = { old_password: ` ${PASSWORD} `, new_password: '  battery staple ' }
    t.equal((await call('PUT', '/api/v1/auth/change-password/', change, access)).status, 200)
    t.equal((await call('POST', '/api/token/', { username, password: 'batterystaple' })).status, 401)
    for (const password of ['battery staple', '  battery staple '])
      t.equal((await call('POST', '/api/token/', { username, password })).status, 200)
  })
})

/** Signs in and returns the tokens. */
async function signIn(call: AccountApp['call'], username: string, password: string) {
  const { body } = await call('POST', '/api/token/', { username, password })
  return { access: String(body.access), refresh: String(body.refresh) }
}
