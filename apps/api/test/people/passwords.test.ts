import { hash as argon2Hash } from '@node-rs/argon2'
import { ApiError, limits } from '@rendezvous/contract'
import t from 'tap'
import { type HashEngine, passwordService } from '../../src/people/passwords/service.ts'

const requester = { ip: '192.0.2.1' }

/** An engine whose work ends when the test says so. `work` has the running tasks. */
function slowEngine() {
  const work: (() => void)[] = []
  const engine: HashEngine = {
    hash: password => new Promise(resolve => work.push(() => resolve(password))),
    verifies: { $argon2id$: () => new Promise(resolve => work.push(() => resolve(true))) }
  }
  return { engine, work }
}

/** Waits one turn of the event loop. */
function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

t.test('a password matches its own hash, and two hashes of it differ', async t => {
  const passwords = passwordService()
  const hash = await passwords.hash('correct horse', requester)

  t.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  t.not(await passwords.hash('correct horse', requester), hash)
  t.ok(await passwords.verify(hash, 'correct horse', requester))
  t.notOk(await passwords.verify(hash, 'Correct horse', requester))
  t.notOk(await passwords.verify(null, 'correct horse', requester))
})

t.test(
  'a password matches in each of its spellings, and a hash of an earlier release in the one it was made from',
  async t => {
    const passwords = passwordService()
    const [composed, decomposed] = ['caf\u00E9 noir', 'cafe\u0301 noir']
    const hash = await passwords.hash(decomposed, requester)
    t.ok(await passwords.verify(hash, composed, requester))
    t.ok(await passwords.verify(hash, decomposed, requester))

    const raw = await argon2Hash(decomposed)
    t.ok(await passwords.verify(raw, decomposed, requester))
    t.notOk(await passwords.verify(raw, 'cafe noir', requester))
  }
)

t.test('a password costs two checks only when it has two forms, with and without a hash', async t => {
  const checked: string[] = []
  const check = async (_: string, password: string) => {
    checked.push(password)
    return false
  }
  const passwords = passwordService({ engine: { hash: async () => '', verifies: { $argon2id$: check } } })
  for (const hash of ['$argon2id$real', null, 'md5$x']) {
    t.notOk(await passwords.verify(hash, 'e\u0301', requester))
    t.same(checked.splice(0), ['\u00E9', 'e\u0301'])
    t.notOk(await passwords.verify(hash, 'plain', requester))
    t.same(checked.splice(0), ['plain'])
  }
})

t.test('a hash of an unknown kind matches no password', async t => {
  const passwords = passwordService()
  for (const hash of ['', 'correct horse', '!', 'md5$x$y', 'pbkdf2_sha256$1$s$h']) {
    t.notOk(await passwords.verify(hash, 'correct horse', requester), hash)
  }
})

t.test('a missing hash and an unknown hash cost one check, as a real hash does', async t => {
  const checked: string[] = []
  const check = async (hash: string) => {
    checked.push(hash)
    return true
  }
  const passwords = passwordService({ engine: { hash: async () => '', verifies: { $argon2id$: check } } })

  t.ok(await passwords.verify('$argon2id$real', 'x', requester))
  t.notOk(await passwords.verify(null, 'x', requester))
  t.notOk(await passwords.verify('md5$x', 'x', requester))
  t.equal(checked.length, 3)
  t.match(checked[1], /^\$argon2id\$v=19\$m=19456,t=2,p=1\$\S{21,22}\$\S{43}$/)
})

t.test('a password above the limit in characters is refused without a hash', async t => {
  const { engine, work } = slowEngine()
  const passwords = passwordService({ engine })

  t.notOk(await passwords.verify('$argon2id$', 'x'.repeat(1_025), requester))
  t.notOk(await passwords.verify(null, 'x'.repeat(1_000_000), requester))
  await t.rejects(passwords.hash('x'.repeat(1_025), requester), RangeError)
  t.equal(work.length, 0)

  const longest = passwords.hash('😀'.repeat(1_024), requester)
  await turn()
  work[0]?.()
  t.equal(await longest, '😀'.repeat(1_024))
})

t.test('two passwords are hashed at once, others wait, and one above the queue’s limit is throttled', async t => {
  const { engine, work } = slowEngine()
  const passwords = passwordService({ engine })
  const words = Array.from({ length: 2 + limits.passwordsWaitingOfAddress }, (_, n) => `word ${n}`)
  const accepted = words.map(word => passwords.hash(word, requester))
  await turn()
  t.equal(work.length, 2)

  const refusal = await passwords.verify(null, 'x', requester).catch((error: unknown) => error)
  t.ok(refusal instanceof ApiError)
  t.match(refusal, { code: 'throttled', status: 429, retryAfter: 2 })

  for (let done = 0; done < accepted.length; done++) {
    t.ok(work.length - done <= 2)
    work[done]?.()
    await turn()
  }
  t.strictSame(await Promise.all(accepted), words)

  const later = passwords.hash('later', requester)
  await turn()
  work.at(-1)?.()
  t.equal(await later, 'later', 'the queue has room again')
})

t.test('turns go round the addresses, and an IPv6 network counts as one address', async t => {
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

t.test('a password whose client goes away while it waits is not hashed', async t => {
  const { engine, work } = slowEngine()
  const passwords = passwordService({ engine, concurrency: 1 })
  const client = new AbortController()
  const first = passwords.hash('first', requester)
  const waiting = passwords.verify(null, 'x', { ...requester, signal: client.signal })
  client.abort()
  await t.rejects(waiting, { code: 'throttled' })
  await turn()
  work[0]?.()
  await first
  await turn()
  t.equal(work.length, 1)
})

t.test('a failed task makes room for the next', async t => {
  const fail = async () => {
    throw new Error('out of memory')
  }
  const passwords = passwordService({ engine: { hash: fail, verifies: {} }, concurrency: 1 })
  for (const word of ['a', 'b', 'c']) await t.rejects(passwords.hash(word, requester), { message: 'out of memory' })
})
