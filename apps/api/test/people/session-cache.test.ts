import { randomUUID } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Claims, UserId } from '@rendezvous/contract'
import t from 'tap'
import { sessionCache } from '../../src/people/sessions/cache.ts'
import type { SessionState } from '../../src/people/sessions/port.ts'

const user = 7 as UserId

function claimsOf(sessionId: string, userId = user): Claims {
  return { userId, sessionId, tokenId: randomUUID(), expiresAt: Number.MAX_SAFE_INTEGER }
}

/** A cache over states and a clock that the test sets. `asked` records the queries. */
function openCache() {
  const states = new Map<string, SessionState>()
  const asked: string[][] = []
  const time = { now: 1 }
  const faults: Error[] = []
  const port = {
    async states(ids: readonly string[]) {
      asked.push([...ids])
      const fault = faults.pop()
      if (fault !== undefined) throw fault
      return ids.map(id => states.get(id) ?? null)
    }
  }
  const cache = sessionCache(port, () => time.now)
  const begin = (id = randomUUID(), userId = user) => {
    states.set(id, { userId, ended: false, sparedTokenId: null })
    return id
  }
  const end = (id: string, sparedTokenId: string | null = null) =>
    states.set(id, { userId: user, ended: true, sparedTokenId })
  return { cache, states: port.states, asked, time, faults, begin, end }
}

t.test('a token is alive when its session is active and the user’s own', async t => {
  const { cache, begin, end } = openCache()
  const [standing, ended] = [begin(), begin()]
  end(ended)

  t.ok(await cache.isAlive(claimsOf(standing)))
  t.notOk(await cache.isAlive(claimsOf(ended)))
  t.notOk(await cache.isAlive(claimsOf(standing, 8 as UserId)))
  t.notOk(await cache.isAlive(claimsOf(randomUUID())))
})

t.test('only the spared access token of an ended session is alive', async t => {
  const { cache, begin, end } = openCache()
  const claims = claimsOf(begin())
  end(claims.sessionId, claims.tokenId)

  t.ok(await cache.isAlive(claims))
  t.notOk(await cache.isAlive(claimsOf(claims.sessionId)))
})

t.test('concurrent requests share a query: each session once, at most fifty in each query', async t => {
  const { cache, asked, begin } = openCache()
  const claims = Array.from({ length: 60 }, () => claimsOf(begin()))
  const answers = await Promise.all([...claims, ...claims].map(cache.isAlive))

  t.ok(answers.every(Boolean))
  t.strictSame(
    asked.map(ids => ids.length),
    [50, 10]
  )
})

t.test('a state is cached for a second', async t => {
  const { cache, asked, time, begin, end } = openCache()
  const claims = claimsOf(begin())
  await cache.isAlive(claims)
  end(claims.sessionId)

  time.now += 1_000
  t.ok(await cache.isAlive(claims), 'within the second')
  time.now += 1
  t.notOk(await cache.isAlive(claims), 'after the second')
  t.equal(asked.length, 2)
})

t.test('a session in steady use is read again in the background, and never waits', async t => {
  const { cache, asked, time, begin, end } = openCache()
  const claims = claimsOf(begin())
  await cache.isAlive(claims)
  end(claims.sessionId)

  time.now += 499
  t.ok(await cache.isAlive(claims))
  await nextTurn()
  t.equal(asked.length, 1, 'a young state is not read again')
  time.now += 1
  t.ok(await cache.isAlive(claims), 'answered from the cache')
  t.ok(await cache.isAlive(claims))
  await nextTurn()
  t.equal(asked.length, 2, 'one look-up, however many requests')
  await nextTurn()
  t.notOk(await cache.isAlive(claims), 'what was read counts')
})

t.test('a look-up in the background brings back no session that was dropped meanwhile', async t => {
  const { cache, asked, time, begin, end } = openCache()
  const claims = claimsOf(begin())
  await cache.isAlive(claims)
  time.now += 600
  await cache.isAlive(claims)
  end(claims.sessionId)
  cache.forget({ userId: user, sessionIds: [claims.sessionId] })

  await nextTurn()
  t.notOk(await cache.isAlive(claims))
  t.equal(asked.length, 3)
})

t.test('areAlive reads the current state past the cache', async t => {
  const { cache, begin, end } = openCache()
  const [one, other] = [claimsOf(begin()), claimsOf(begin())]
  await cache.isAlive(one)
  end(one.sessionId)

  t.ok(await cache.isAlive(one), 'cached')
  t.strictSame(await cache.areAlive([one, other, claimsOf(randomUUID())]), [false, true, false])
})

t.test('the node that ended a session refuses it at once', async t => {
  const { cache, begin, end } = openCache()
  const claims = [
    claimsOf(begin()),
    claimsOf(begin()),
    claimsOf(begin()),
    claimsOf(begin(undefined, 8 as UserId), 8 as UserId)
  ]
  const alive = () => Promise.all(claims.map(cache.isAlive))
  t.strictSame(await alive(), [true, true, true, true])

  for (const { sessionId } of claims.slice(0, 3)) end(sessionId)
  cache.forget({ userId: user, sessionIds: [claims[0]?.sessionId ?? ''] })
  t.strictSame(await alive(), [false, true, true, true])
  cache.forget({ userId: user, sessionIds: claims.map(({ sessionId }) => sessionId) })
  t.strictSame(await alive(), [false, false, false, true])
})

t.test('a failed look-up rejects and is not cached', async t => {
  const { cache, faults, begin } = openCache()
  const claims = claimsOf(begin())
  faults.push(new Error('no database'))

  await t.rejects(cache.isAlive(claims), { message: 'no database' })
  t.ok(await cache.isAlive(claims))
})

t.test('another node refuses an ended session after at most a second', async t => {
  const { cache: here, states, begin, end } = openCache()
  const clock = { now: 1 }
  const elsewhere = sessionCache({ states }, () => clock.now)
  const claims = claimsOf(begin())
  t.ok(await elsewhere.isAlive(claims))

  end(claims.sessionId)
  here.forget({ userId: user, sessionIds: [claims.sessionId] })
  clock.now += 999
  t.ok(await elsewhere.isAlive(claims), 'cached for a second')
  clock.now += 2
  t.notOk(await elsewhere.isAlive(claims))
})
