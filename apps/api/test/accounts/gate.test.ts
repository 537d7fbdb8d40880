import { randomUUID } from 'node:crypto'
import type { Claims, UserId } from '@rendezvous/contract'
import t from 'tap'
import type { SessionState } from '../../src/ports/sessions.ts'
import { sessionGate } from '../../src/services/gate.ts'

const user = 7 as UserId

function claimsOf(sessionId: string, userId = user): Claims {
  return { userId, sessionId, tokenId: randomUUID(), expiresAt: Number.MAX_SAFE_INTEGER }
}

/** A gate over states that the test sets, which notes what it was asked, and whose clock the test owns. */
function openGate() {
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
  const gate = sessionGate(port, () => time.now)
  const begin = (id = randomUUID(), userId = user) => {
    states.set(id, { userId, ended: false, sparedTokenId: null })
    return id
  }
  const end = (id: string, sparedTokenId: string | null = null) =>
    states.set(id, { userId: user, ended: true, sparedTokenId })
  return { gate, asked, time, faults, begin, end }
}

t.test('a session lives that stands and is the person’s', async t => {
  const { gate, begin, end } = openGate()
  const [standing, ended] = [begin(), begin()]
  end(ended)

  t.ok(await gate.isAlive(claimsOf(standing)))
  t.notOk(await gate.isAlive(claimsOf(ended)))
  t.notOk(await gate.isAlive(claimsOf(standing, 8 as UserId)))
  t.notOk(await gate.isAlive(claimsOf(randomUUID())))
})

t.test('of an ended session the one access token lives that was spared', async t => {
  const { gate, begin, end } = openGate()
  const claims = claimsOf(begin())
  end(claims.sessionId, claims.tokenId)

  t.ok(await gate.isAlive(claims))
  t.notOk(await gate.isAlive(claimsOf(claims.sessionId)))
})

t.test('requests at the same moment are one query: each session once, fifty at most', async t => {
  const { gate, asked, begin } = openGate()
  const claims = Array.from({ length: 60 }, () => claimsOf(begin()))
  const answers = await Promise.all([...claims, ...claims].map(gate.isAlive))

  t.ok(answers.every(Boolean))
  t.strictSame(
    asked.map(ids => ids.length),
    [50, 10]
  )
})

t.test('an answer is remembered for a second', async t => {
  const { gate, asked, time, begin, end } = openGate()
  const claims = claimsOf(begin())
  await gate.isAlive(claims)
  end(claims.sessionId)

  time.now += 1_000
  t.ok(await gate.isAlive(claims), 'within it')
  time.now += 1
  t.notOk(await gate.isAlive(claims), 'after it')
  t.equal(asked.length, 2)
})

t.test('who opens a socket is told what holds now, whatever is remembered', async t => {
  const { gate, begin, end } = openGate()
  const [one, other] = [claimsOf(begin()), claimsOf(begin())]
  await gate.isAlive(one)
  end(one.sessionId)

  t.ok(await gate.isAlive(one), 'remembered')
  t.strictSame(await gate.areAlive([one, other, claimsOf(randomUUID())]), [false, true, false])
})

t.test('what ended counts at once where it is forgotten, be it named or all of a person', async t => {
  const { gate, begin, end } = openGate()
  const claims = [
    claimsOf(begin()),
    claimsOf(begin()),
    claimsOf(begin()),
    claimsOf(begin(undefined, 8 as UserId), 8 as UserId)
  ]
  const alive = () => Promise.all(claims.map(gate.isAlive))
  t.strictSame(await alive(), [true, true, true, true])

  for (const { sessionId } of claims.slice(0, 3)) end(sessionId)
  gate.forget({ userId: user, sessionIds: [claims[0]?.sessionId ?? ''] })
  t.strictSame(await alive(), [false, true, true, true])
  gate.forget({ userId: user, sessionIds: 'all' })
  t.strictSame(await alive(), [false, false, false, true])
})

t.test('a look-up that fails is told, and not remembered', async t => {
  const { gate, faults, begin } = openGate()
  const claims = claimsOf(begin())
  faults.push(new Error('no database'))

  await t.rejects(gate.isAlive(claims), { message: 'no database' })
  t.ok(await gate.isAlive(claims))
})
