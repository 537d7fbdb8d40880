import { failureRates } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { openAccounts } from './app.ts'
import { PASSWORD } from './people.ts'

const HOME = '192.0.2.1'
const BUDGET = failureRates.account.limit

/** The account routes, and people who give passwords from anywhere. */
async function openDoor(t: Test) {
  const accounts = await openAccounts(t)
  const logIn = async (username: string, password: string, remoteAddress: string) => {
    const answer = await accounts.app.inject({
      method: 'POST',
      url: '/api/token/',
      remoteAddress,
      payload: { username, password },
      headers: { 'x-request-id': 'test' }
    })
    return { status: answer.statusCode, text: answer.body, headers: answer.headers, body: answer.json() }
  }
  /** Statuses of `count` wrong passwords. */
  const guess = async (username: string, remoteAddress: string, count: number) => {
    const statuses: number[] = []
    for (let n = 0; n < count; n += 1) statuses.push((await logIn(username, 'wrong', remoteAddress)).status)
    return statuses
  }
  return { ...accounts, logIn, guess }
}

const all = (count: number, status: number) => Array.from({ length: count }, () => status)
/** Address number `n` of an attacker who has many. */
const elsewhere = (n: number) => `198.51.${Math.floor(n / 256)}.${n % 256}`

t.test(
  'the twentieth wrong password from one address is answered with 429, and so is what follows, right or wrong',
  async t => {
    const { join, logIn, guess, time } = await openDoor(t)
    const { username } = await join()
    const stranger = elsewhere(1)

    t.same(await guess(username, stranger, BUDGET), [...all(BUDGET - 1, 401), 429])
    const refused = await logIn(username, PASSWORD, stranger)
    t.match(refused, {
      status: 429,
      headers: { 'retry-after': '30' },
      body: { code: 'throttled', detail: 'Request was throttled. Expected available in 30 seconds.' }
    })
    t.equal((await logIn(username.toUpperCase(), PASSWORD, stranger)).status, 429, 'whatever the case of the name')

    time.now += 30_000
    t.equal((await logIn(username, PASSWORD, stranger)).status, 200, 'and then again')
  }
)

t.test('a name that nobody has counts like one that somebody has, to the byte', async t => {
  const { join, logIn } = await openDoor(t)
  const { username } = await join()
  for (let n = 0; n < BUDGET + 2; n += 1) {
    const [known, unknown] = [
      await logIn(username, 'wrong', elsewhere(1)),
      await logIn('nobody', 'wrong', elsewhere(2))
    ]
    t.equal(known.text, unknown.text, known.text)
    t.equal(known.headers['retry-after'], unknown.headers['retry-after'])
  }
})

t.test('signing in costs nothing, however often', async t => {
  const { join, logIn, guess } = await openDoor(t)
  const { username } = await join()
  const answers = await Promise.all(all(BUDGET * 2, 0).map(() => logIn(username, PASSWORD, HOME)))
  t.same(
    answers.map(({ status }) => status),
    all(BUDGET * 2, 200)
  )
  t.same(await guess(username, HOME, BUDGET - 1), all(BUDGET - 1, 401))
})

t.test('guesses of the same moment are answered no more often than the budget allows', async t => {
  const { join, logIn } = await openDoor(t)
  const { username } = await join()
  const answers = await Promise.all(all(BUDGET * 3, 0).map(() => logIn(username, 'wrong', elsewhere(3))))
  t.equal(answers.filter(({ status }) => status === 401).length, BUDGET - 1)
  t.equal(answers.filter(({ status }) => status === 429).length, BUDGET * 2 + 1)
})

t.test('who guesses from many addresses is slowed down, and the owner is not locked out', async t => {
  const { join, logIn, guess } = await openDoor(t)
  const { username } = await join()
  t.equal((await logIn(username, PASSWORD, HOME)).status, 200)

  const budget = failureRates.strangers.limit
  let answered = 0
  for (let n = 0; n < budget / 10 + 5; n += 1) {
    answered += (await guess(username, elsewhere(n), 10)).filter(status => status === 401).length
  }
  t.equal(answered, budget - 1)
  t.equal((await logIn(username, PASSWORD, elsewhere(999))).status, 429, 'from a new address')
  t.same(await guess(username, HOME, 3), all(3, 401), 'from an address of his: a budget of his own')
  t.equal((await logIn(username, PASSWORD, HOME)).status, 200)
})

t.test('who tries many accounts from one address is stopped, and who lives there is not', async t => {
  const { join, logIn, guess, time } = await openDoor(t)
  const [one, other] = [await join(), await join()]
  t.equal((await logIn(one.username, PASSWORD, HOME)).status, 200)

  const budget = failureRates.address.limit
  const names = Array.from({ length: Math.ceil(budget / 10) }, (_, n) => `nobody-${n}`)
  for (const name of names) await guess(name, HOME, 10)
  time.now += 500 // requests are allowed again, and hardly a failure
  await guess('nobody', HOME, 3)
  t.equal((await logIn(other.username, PASSWORD, HOME)).status, 429)
  t.equal((await logIn(one.username, PASSWORD, HOME)).status, 200)
})

t.test(
  'the current password can be guessed twenty times at a change of password, and other sessions go on',
  async t => {
    const { join, call } = await openDoor(t)
    const { username, access } = await join()
    const other = (await call('POST', '/api/token/', { username, password: PASSWORD })).body as { access: string }
    const change = (token: string, old_password: string) =>
      call('POST', '/api/v1/auth/change-password/', { old_password, new_password: 'another horse 10' }, token)

    for (let n = 1; n < failureRates.change.limit; n += 1) {
      t.match(await change(access, 'wrong'), { status: 400, body: { old_password: ['Wrong password.'] } })
    }
    t.match(await change(access, 'wrong'), { status: 429, headers: { 'retry-after': '30' } })
    t.equal((await change(access, PASSWORD)).status, 429)
    t.equal((await change(other.access, PASSWORD)).status, 200)
  }
)
