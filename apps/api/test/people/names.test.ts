import type { UserId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import type { OpenDatabase } from '../../src/database/open.ts'
import { unkeyedNamesIn } from '../../src/people/names/adapter.ts'
import { nameService } from '../../src/people/names/service.ts'
import { nameKeys } from '../../src/people/names/skeleton.ts'
import { onEveryEngine } from '../database/engines.ts'
import { openAccounts } from './app.ts'
import { addPerson, HASH, PASSWORD, usersOf } from './people.ts'

const REGISTER = '/api/v1/auth/register/'
const PROFILE = '/api/v1/auth/profile/'
const TAKEN = 'A user with that username already exists.'

function looksAlike(one: string, other: string): boolean {
  const keys = new Set(nameKeys(one))
  return nameKeys(other).some(key => keys.has(key))
}

t.test('names that look alike share a key, in any letter case', async t => {
  const alike = [
    ['demo_ana', 'demo_anа'], // Cyrillic а
    ['demo_ana', 'DEMO_АNA'], // Cyrillic А
    ['paypal', 'раураl'], // Cyrillic, with a Latin l
    ['alice', 'a1ice'],
    ['allce', 'aIice'.replace('i', 'l')],
    ['rnaria', 'maria'],
    ['Jürgen', 'Ju\u0308rgen'],
    ['scope', 'ѕсоре']
  ] as const
  for (const [one, other] of alike) t.ok(looksAlike(one, other), `${one} ${other}`)
  for (const [one, other] of [
    ['demo_ana', 'demo_anna'],
    ['anna', 'hannah'],
    ['жук', 'жуки']
  ] as const)
    t.notOk(looksAlike(one, other), `${one} ${other}`)
})

t.test('in an own address only characters outside of ASCII are compared by look', async t => {
  t.notSame(nameKeys('paul1@example.com', 'paul1@example.com'), nameKeys('paull@example.com', 'paull@example.com'))
  t.same(nameKeys('x@ехample.com', 'x@ехample.com'), ['x@example.com'], 'Cyrillic е and х')
  t.same(nameKeys('paul1@example.com'), ['paull@exarnple.corn'], 'it is not the own address')
})

t.test('the key of a long name fits into an index', async t => {
  const [key = ''] = nameKeys('㎢'.repeat(150))
  t.ok(key.length <= 255)
})

t.test('accounts with names that look alike', async t => {
  const { call, join } = await openAccounts(t)
  const register = (username: string) => call('POST', REGISTER, { username, password: PASSWORD })
  const refused = { status: 400, body: { username: [TAKEN], code: 'invalid' } }

  t.match(await register('demo_ana'), { status: 201 })
  t.match(await register('demo_anа'), refused, 'the answer is that for a taken name')
  const { access } = await join()
  t.match(await call('PATCH', PROFILE, { username: 'dеmo_ana' }, access), refused)

  t.match(await call('PATCH', PROFILE, { username: 'Bella' }, access), { status: 200 })
  t.match(await call('PATCH', PROFILE, { username: 'BELLA' }, access), { status: 200 }, 'a name may change its case')
  t.match(await register('bеlla'), refused)
  t.match(await call('PATCH', PROFILE, { username: 'Carla' }, access), { status: 200 })
  t.match(await register('bеlla'), { status: 201 }, 'a name that was given up is free')
})

async function suite(t: Test, open: OpenDatabase): Promise<void> {
  const users = usersOf(open)
  const names = nameService({ unkeyedNames: unkeyedNamesIn(open.database) })
  const register = (username: string) =>
    users.register({ username, nameKeys: nameKeys(username), email: '', passwordHash: HASH })

  await t.test(
    'of concurrent registrations that look alike one succeeds, and the others are answered as taken',
    async t => {
      const spellings = ['rush', 'гush', 'ruѕh', 'rusһ', 'Rush', 'RUSH']
      const saved = await Promise.all(spellings.filter(name => looksAlike(name, 'rush')).map(register))
      t.equal(saved.filter(({ ok }) => ok).length, 1)
      t.same(
        saved.filter(({ ok }) => !ok),
        Array.from({ length: saved.length - 1 }, () => ({ ok: false, taken: ['username'] }))
      )
    }
  )

  await t.test('stored names that look alike stay, and no new name looks like them', async t => {
    const [one, other] = [await addPerson(users, { username: 'scope' }), await addPerson(users, { username: 'ѕсоре' })]
    t.ok((await register('sсope')).ok, 'before the worker came')
    t.match(await users.update(other.id, { username: 'ѕсоре', nameKeys: nameKeys('ѕсоре'), bio: 'x' }), { ok: true })

    await addPerson(users, { username: 'harbour' })
    await Promise.all([names.reserve(), names.reserve()])
    t.same(await register('hаrbour'), { ok: false, taken: ['username'] })
    t.match(await users.findCredentials({ login: 'ѕсоре' }), { userId: other.id })
    t.match(await users.update(one.id, { username: 'Scope', bio: 'x' }), { ok: true })
    await names.reserve()
    t.same(await unkeyedNamesIn(open.database).read(10), [])
  })

  await t.test('a name that a node of an earlier release changed waits for the worker again', async t => {
    const { id } = await addPerson(users, { username: 'meadow', nameKeys: nameKeys('meadow') })
    const rename = { name: 'test_old_rename', text: "UPDATE person SET username = 'orchard' WHERE id = $1" }
    await open.database.query(rename, [id])
    await names.reserve()
    t.same(await register('оrсhard'), { ok: false, taken: ['username'] })
    await users.update(id, { username: 'thicket', nameKeys: nameKeys('thicket') })
    t.same(await unkeyedNamesIn(open.database).read(10), [])
    t.ok((await register('mеadow')).ok, 'every earlier name is free')
  })

  await t.test('a name that changed since it was read is not reserved', async t => {
    const { id } = await addPerson(users, { username: 'lantern' })
    const unkeyed = unkeyedNamesIn(open.database)
    await unkeyed.reserve([{ userId: id as UserId, username: 'lanterns', keys: nameKeys('lanterns') }])
    t.ok((await register('lanterns')).ok)
    t.match(await unkeyed.read(10), [{ userId: id, username: 'lantern', email: '' }])
  })
}

await onEveryEngine(t, suite)
