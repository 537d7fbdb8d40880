import { failureRates } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { failureBudgets } from '../../src/people/passwords/failure-budgets.ts'
import { openAccounts } from './app.ts'
import { PASSWORD } from './people.ts'

/** The contract's rates, with smaller budgets where those take a thousand guesses to use up. */
const budgets = {
  ...failureRates,
  address: { limit: 60, windowMs: 36_000_000 },
  strangers: { limit: 50, windowMs: 36_000_000 }
}
const BUDGET = budgets.account.limit

/** The account routes, and log-ins from chosen addresses. */
async function openLogins(t: Test) {
  const accounts = await openAccounts(t, budgets)
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
  /** Sends `count` wrong passwords and returns the statuses. */
  const guess = async (username: string, remoteAddress: string, count: number) => {
    const statuses: number[] = []
    for (let n = 0; n < count; n += 1) statuses.push((await logIn(username, 'wrong', remoteAddress)).status)
    return statuses
  }
  return { ...accounts, logIn, guess }
}

const { join, logIn, guess, call, time } = await openLogins(t)
const all = (count: number, status: number) => Array.from({ length: count }, () => status)
/** The owner's address in the n-th test. */
const ownerAddress = (n: number) => `192.0.2.${n}`
/** Address number `n` of an attacker with many addresses. */
const attackerAddress = (n: number) => `198.51.${Math.floor(n / 256)}.${n % 256}`

t.test('the twentieth wrong password from one address gets 429, and so does every later password', async t => {
  const { username } = await join()
  const stranger = attackerAddress(1001)

  t.same(await guess(username, stranger, BUDGET), [...all(BUDGET - 1, 401), 429])
  const refused = await logIn(username, PASSWORD, stranger)
  t.match(refused, {
    status: 429,
    headers: {
      ...{ 'retry-after': '30', 'ratelimit-policy': '"failures-account";q=20;w=600' },
      ...{ ratelimit: '"failures-account";r=0;t=600', 'ratelimit-limit': '20', 'ratelimit-remaining': '0' }
    },
    body: { code: 'throttled', detail: 'Request was throttled. Expected available in 30 seconds.' }
  })
  t.equal((await logIn(username.toUpperCase(), PASSWORD, stranger)).status, 429, 'in any letter case of the name')

  time.now += 30_000
  t.equal((await logIn(username, PASSWORD, stranger)).status, 200, 'the refilled budget allows another')
})

t.test('answers for an unknown name and a known name are equal, byte for byte', async t => {
  const { username } = await join()
  for (let n = 0; n < BUDGET + 2; n += 1) {
    const [known, unknown] = [
      await logIn(username, 'wrong', attackerAddress(2001)),
      await logIn('nobody', 'wrong', attackerAddress(2002))
    ]
    t.equal(known.text, unknown.text, known.text)
    t.equal(known.headers['retry-after'], unknown.headers['retry-after'])
  }
})

t.test('right passwords cost no budget', async t => {
  const { username } = await join()
  const answers = await Promise.all(all(BUDGET * 2, 0).map(() => logIn(username, PASSWORD, ownerAddress(3))))
  t.same(
    answers.map(({ status }) => status),
    all(BUDGET * 2, 200)
  )
  t.same(await guess(username, ownerAddress(3), BUDGET - 1), all(BUDGET - 1, 401))
})

t.test('concurrent guesses get no more answers than the budget allows', async t => {
  const { username } = await join()
  const answers = await Promise.all(all(BUDGET * 3, 0).map(() => logIn(username, 'wrong', attackerAddress(4003))))
  t.equal(answers.filter(({ status }) => status === 401).length, BUDGET - 1)
  t.equal(answers.filter(({ status }) => status === 429).length, BUDGET * 2 + 1)
})

t.test('an attacker with many addresses is slowed down, and the owner is not locked out', async t => {
  const { username } = await join()
  t.equal((await logIn(username, PASSWORD, ownerAddress(5))).status, 200)

  const budget = budgets.strangers.limit
  let answered = 0
  for (let n = 0; n < budget / 10 + 5; n += 1) {
    answered += (await guess(username, attackerAddress(5000 + n), 10)).filter(status => status === 401).length
  }
  t.equal(answered, budget - 1)
  const slowed = { status: 429, headers: { 'ratelimit-policy': '"failures-strangers";q=50;w=36000' } }
  t.match(await logIn(username, PASSWORD, attackerAddress(5999)), slowed, 'from a new address')
  t.same(await guess(username, ownerAddress(5), 3), all(3, 401), 'a known address has a budget of its own')
  t.equal((await logIn(username, PASSWORD, ownerAddress(5))).status, 200)
})

t.test('an attacker on many accounts from one address is stopped, and a user known there is not', async t => {
  const [one, other] = [await join(), await join()]
  t.equal((await logIn(one.username, PASSWORD, ownerAddress(6))).status, 200)

  for (let n = 0; n < budgets.address.limit / 10; n += 1) await guess(`nobody-${n}`, ownerAddress(6), 10)
  const stopped = { status: 429, headers: { 'ratelimit-policy': '"failures-address";q=60;w=36000' } }
  t.match(await logIn(other.username, PASSWORD, ownerAddress(6)), stopped)
  t.equal((await logIn(one.username, PASSWORD, ownerAddress(6))).status, 200)
})

t.test('a session may guess the current password twenty times, and other sessions keep their budgets', async t => {
  const { username, access } = await join()
  const other = (await call('POST', '/api/token/', { username, password: PASSWORD })).body as { access: string }
  const change = (token: string, old_password: string) =>
    call('POST', '/api/v1/auth/change-password/', { old_password, new_password: 'another horse 10' }, token)

  for (let n = 1; n < failureRates.change.limit; n += 1) {
    t.match(await change(access, 'wrong'), { status: 400, body: { old_password: ['Wrong password.'] } })
  }
  t.match(await change(access, 'wrong'), {
    status: 429,
    headers: { 'retry-after': '30', ratelimit: '"failures-change";r=0;t=600' }
  })
  t.equal((await change(access, PASSWORD)).status, 429)
  t.equal((await change(other.access, PASSWORD)).status, 200)
})

t.test('the keys of budgets are short for any name', async t => {
  const keys: string[] = []
  const { beginLogin } = failureBudgets({
    addresses: { knows: async () => false },
    rates: budgets,
    limits: {
      async take(key) {
        keys.push(key)
        return { allowed: true, remaining: 1, retryAfterMs: 0, resetMs: 0 }
      }
    }
  })
  const attempt = { userId: null, ip: '2001:db8::1' }
  for (const name of ['\ufdfa'.repeat(254), `\ufdfa${'x'.repeat(253)}`]) await beginLogin({ ...attempt, name })
  t.equal(new Set(keys).size, 5, 'different names have different keys')
  t.same(
    keys.filter(key => key.length > 100),
    []
  )
})
