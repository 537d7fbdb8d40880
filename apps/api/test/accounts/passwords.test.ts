import { ApiError, limits } from '@rendezvous/contract'
import t from 'tap'
import { type HashEngine, passwordService } from '../../src/services/passwords.ts'

const asker = { ip: '192.0.2.1' }

/** An engine whose work ends when the test says so, and which notes how much of it runs at once. */
function slowEngine() {
  const work: (() => void)[] = []
  const engine: HashEngine = {
    hash: password => new Promise(resolve => work.push(() => resolve(password))),
    verifies: { $argon2id$: () => new Promise(resolve => work.push(() => resolve(true))) }
  }
  return { engine, work }
}

/** Lets everything run that does not wait for the test. */
function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

t.test('a password is verified against its own hash, and no two hashes are the same', async t => {
  const passwords = passwordService()
  const hash = await passwords.hash('correct horse', asker)

  t.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  t.not(await passwords.hash('correct horse', asker), hash)
  t.ok(await passwords.verify(hash, 'correct horse', asker))
  t.notOk(await passwords.verify(hash, 'Correct horse', asker))
  t.notOk(await passwords.verify(null, 'correct horse', asker))
})

t.test('a hash of an unknown kind fits nothing', async t => {
  const passwords = passwordService()
  for (const hash of ['', 'correct horse', '!', 'md5$x$y', 'pbkdf2_sha256$1$s$h']) {
    t.notOk(await passwords.verify(hash, 'correct horse', asker), hash)
  }
})

t.test('no hash and an unknown hash cost as much work as a real one: one check', async t => {
  const checked: string[] = []
  const check = async (hash: string) => {
    checked.push(hash)
    return true
  }
  const passwords = passwordService({ engine: { hash: async () => '', verifies: { $argon2id$: check } } })

  t.ok(await passwords.verify('$argon2id$real', 'x', asker))
  t.notOk(await passwords.verify(null, 'x', asker))
  t.notOk(await passwords.verify('md5$x', 'x', asker))
  t.equal(checked.length, 3)
  t.match(checked[1], /^\$argon2id\$v=19\$m=19456,t=2,p=1\$\S{21,22}\$\S{43}$/)
})

t.test('what is longer than a password may be is refused unhashed, counted in characters', async t => {
  const { engine, work } = slowEngine()
  const passwords = passwordService({ engine })

  t.notOk(await passwords.verify('$argon2id$', 'x'.repeat(1_025), asker))
  t.notOk(await passwords.verify(null, 'x'.repeat(1_000_000), asker))
  await t.rejects(passwords.hash('x'.repeat(1_025), asker), RangeError)
  t.equal(work.length, 0)

  const longest = passwords.hash('😀'.repeat(1_024), asker)
  await turn()
  work[0]?.()
  t.equal(await longest, '😀'.repeat(1_024))
})

t.test('two are worked on at once, the rest wait, and who finds no place is told to come back', async t => {
  const { engine, work } = slowEngine()
  const passwords = passwordService({ engine })
  const words = Array.from({ length: 2 + limits.passwordsWaitingOfAddress }, (_, n) => `word ${n}`)
  const accepted = words.map(word => passwords.hash(word, asker))
  await turn()
  t.equal(work.length, 2)

  const refusal = await passwords.verify(null, 'x', asker).catch((error: unknown) => error)
  t.ok(refusal instanceof ApiError)
  t.match(refusal, { code: 'throttled', status: 429, retryAfter: 2 })

  for (let done = 0; done < accepted.length; done++) {
    t.ok(work.length - done <= 2)
    work[done]?.()
    await turn()
  }
  t.strictSame(await Promise.all(accepted), words)

  const later = passwords.hash('later', asker)
  await turn()
  work.at(-1)?.()
  t.equal(await later, 'later', 'there is room again')
})

t.test('turns go round the addresses, of which an IPv6 network is one', async t => {
  const { engine, work } = slowEngine()
  const passwords = passwordService({ engine, concurrency: 1 })
  const answered: string[] = []
  const hash = async (word: string, ip: string) => answered.push(await passwords.hash(word, { ip }))
  const all = [
    ...['a1', 'a2', 'a3'].map((word, host) => hash(word, `2001:db8::${host}`)),
    hash('b', '2001:db8:0:1::1'),
    hash('c', '192.0.2.2')
  ]
  for (let done = 0; done < all.length; done++) {
    await turn()
    work[done]?.()
  }
  await Promise.all(all)
  t.same(answered, ['a1', 'a2', 'b', 'c', 'a3'])
})

t.test('who goes away while he waits has nothing hashed', async t => {
  const { engine, work } = slowEngine()
  const passwords = passwordService({ engine, concurrency: 1 })
  const gone = new AbortController()
  const first = passwords.hash('first', asker)
  const waiting = passwords.verify(null, 'x', { ...asker, gone: gone.signal })
  gone.abort()
  await t.rejects(waiting, { code: 'throttled' })
  await turn()
  work[0]?.()
  await first
  await turn()
  t.equal(work.length, 1)
})

t.test('a check that fails makes room for the next', async t => {
  const fail = async () => {
    throw new Error('out of memory')
  }
  const passwords = passwordService({ engine: { hash: fail, verifies: {} }, concurrency: 1 })
  for (const word of ['a', 'b', 'c']) await t.rejects(passwords.hash(word, asker), { message: 'out of memory' })
})
