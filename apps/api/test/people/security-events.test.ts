import t from 'tap'
import { type AccountApp, openAccounts } from './app.ts'
import { PASSWORD } from './people.ts'

/** The stored events, in order. */
function stored({ open }: AccountApp) {
  return open.database.query<Record<string, unknown>>({
    name: 'test_security_events',
    text: `SELECT action, actor_id AS "actorId", subject_kind AS "subjectKind", subject_id AS "subjectId", ip, detail FROM audit ORDER BY id`
  })
}

/** What `act` stored, which was also reported. */
async function recorded(accounts: AccountApp, act: () => Promise<unknown>) {
  const [before, reportedBefore] = [(await stored(accounts)).length, accounts.reported.length]
  await act()
  const events = (await stored(accounts)).slice(before)
  return { events, reported: accounts.reported.slice(reportedBefore) }
}

t.test('security events', async t => {
  const accounts = await openAccounts(t)
  const { call, join } = accounts
  const logIn = (username: string, password: string) => call('POST', '/api/token/', { username, password })

  t.test('a failed login is recorded with its account and address, and without the password', async t => {
    const ann = await join()
    const { events, reported } = await recorded(accounts, () => logIn(ann.username, 'a wrong guess'))
    const expected = { action: 'login_failed', actorId: null, subjectKind: 'user', subjectId: String(ann.id) }
    t.match(events, [{ ...expected, ip: '127.0.0.1', detail: { reason: 'password' } }])
    t.strictSame(reported, events)
    t.notMatch(JSON.stringify(events), /guess/)
  })

  t.test('a name that nobody has is recorded as a digest, because it may be a password', async t => {
    const { events } = await recorded(accounts, () => logIn('hunter2-is-my-password', 'x'))
    t.match(events, [{ subjectKind: 'login', subjectId: /^[\w-]{43}$/, detail: { reason: 'unknown' } }])
    t.notMatch(JSON.stringify(events), /hunter2/)
    const { events: again } = await recorded(accounts, () => logIn('HUNTER2-is-my-password', 'y'))
    t.equal(again[0]?.subjectId, events[0]?.subjectId, 'the same name has the same digest')
  })

  t.test('a login that succeeds is no security event', async t => {
    const ann = await join()
    t.same((await recorded(accounts, () => logIn(ann.username, PASSWORD))).events, [])
  })

  t.test('the end of a session is recorded with its reason', async t => {
    const ann = await join()
    const logOut = () => call('POST', '/api/v1/auth/logout/', {}, ann.access)
    const { events, reported } = await recorded(accounts, logOut)
    t.match(events, [
      {
        action: 'sessions_ended',
        actorId: ann.id,
        subjectId: String(ann.id),
        detail: { reason: 'logged_out', count: 1 }
      }
    ])
    t.strictSame(reported, events)

    const bob = await join()
    const blacklist = () => call('POST', '/api/token/blacklist/', { refresh: bob.refresh })
    t.match((await recorded(accounts, blacklist)).events, [{ action: 'sessions_ended', actorId: bob.id }])
    t.same((await recorded(accounts, blacklist)).events, [], 'it ends once')
  })

  t.test('the reuse of a token is recorded, and so is the end of its session', async t => {
    const ann = await join()
    const refresh = (token: string) => call('POST', '/api/token/refresh/', { refresh: token })
    const second = String((await refresh(ann.refresh)).body.refresh)
    await refresh(second)
    const { events, reported } = await recorded(accounts, () => refresh(ann.refresh))
    t.match(events, [
      { action: 'token_reused', actorId: null, subjectId: String(ann.id), ip: '127.0.0.1' },
      { action: 'sessions_ended', actorId: null, detail: { reason: 'token_reused' } }
    ])
    t.strictSame(reported, events)
    t.notMatch(JSON.stringify(events), new RegExp(ann.refresh.slice(0, 20)))
  })

  t.test('a change of password is recorded, and an attempt with a wrong one', async t => {
    const ann = await join()
    const change = (old_password: string) =>
      call('POST', '/api/v1/auth/change-password/', { old_password, new_password: 'another horse 9' }, ann.access)
    const subject = { actorId: ann.id, subjectId: String(ann.id) }
    const wrong = await recorded(accounts, () => change('wrong'))
    t.match(wrong.events, [{ action: 'password_change_failed', ...subject }])
    const right = await recorded(accounts, () => change(PASSWORD))
    const ended = { action: 'sessions_ended', detail: { reason: 'password_changed', count: 1 } }
    t.match(right.events, [{ action: 'password_changed', ...subject }, ended])
    t.strictSame([...wrong.reported, ...right.reported], [...wrong.events, ...right.events])
  })
})

t.test('an attack does not fill the audit: above 1,000 failures an hour only their number is recorded', async t => {
  const accounts = await openAccounts(t)
  const failure = { action: 'login_failed', actorId: null, subjectKind: 'login', subjectId: 'x' } as const
  const fail = () => accounts.audit.recordFailure({ ...failure, ip: '', detail: {} })
  for (let n = 0; n < 1_010; n++) await fail()
  t.equal((await stored(accounts)).length, 1_000)

  accounts.time.now += 3_600_000
  await fail()
  t.match((await stored(accounts)).at(-1), { detail: { omitted: 10 } })
  await fail()
  t.strictSame((await stored(accounts)).at(-1)?.detail, {})
})
