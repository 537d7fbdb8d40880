import type { UserId } from '@rendezvous/contract'
import t from 'tap'
import type { ProfileRow } from '../../src/people/users/port.ts'
import { addBlock, onEveryEngine } from '../database/engines.ts'
import { addPerson, HASH, markPerson, usersOf } from './people.ts'

const unknownId = 2_000_000_000 as UserId

t.test('people', async t => {
  await onEveryEngine(t, async (t, open) => {
    const users = usersOf(open)

    t.test('a stored user is read back unchanged', async t => {
      const fields = {
        firstName: 'Zoë',
        lastName: 'Ng',
        bio: '…',
        gender: 'f',
        location: 'Köln',
        phone: '1',
        locale: 'de'
      }
      const person = await addPerson(users, {
        username: 'Zoe',
        email: 'Zoe@Example.com',
        birthDate: '2000-02-29',
        ...fields
      })

      t.match(person, { username: 'Zoe', email: 'Zoe@Example.com', birthDate: '2000-02-29', avatar: null, ...fields })
      t.equal(person.lastSeen, null)
      t.type(person.dateJoined, Date)
      t.strictSame(await users.findProfile(person.id), person)
      t.equal(await users.findProfile(unknownId), null)
    })

    t.test('both log-in names find their user in any letter case and Unicode form', async t => {
      const { id } = await addPerson(users, { username: 'Jürgen', email: 'J@Example.com' })
      const credentials = { userId: id, passwordHash: HASH, active: true }
      for (const login of ['Jürgen', 'JÜRGEN', 'Ju\u0308rgen', 'j@example.COM', 'ｊ@example.com']) {
        t.strictSame(await users.findCredentials({ login }), credentials, login)
      }
      t.strictSame(await users.findCredentials({ userId: id }), credentials)
      t.equal(await users.findCredentials({ login: 'nobody' }), null)
      t.equal(await users.findCredentials({ userId: unknownId }), null)
    })

    t.test('a log-in name belongs to one user, as a user name or as an address', async t => {
      await addPerson(users, { username: 'first', email: 'first@example.com' })
      const register = (username: string, email = '') => users.register({ username, email, passwordHash: HASH })

      t.strictSame(await register('FIRST'), { ok: false, taken: ['username'] })
      t.strictSame(await register('first@example.com'), { ok: false, taken: ['username'] })
      t.strictSame(await register('second', 'First@Example.com'), { ok: false, taken: ['email'] })
      t.strictSame(await register('first', 'first@example.com'), { ok: false, taken: ['username', 'email'] })
      t.ok((await register('second', 'second@example.com')).ok, 'refusals stored nothing')
    })

    t.test('a user name may equal the user’s own address', async t => {
      const person = await addPerson(users, { username: 'own@example.com', email: 'OWN@example.com' })
      t.equal((await users.findCredentials({ login: 'own@example.com' }))?.userId, person.id)
    })

    t.test('of concurrent registrations of one name, one succeeds', async t => {
      const attempts = Array.from({ length: 8 }, (_, n) =>
        users.register({ username: n % 2 ? 'Rush' : 'rush', email: `rush${n}@example.com`, passwordHash: HASH })
      )
      const saved = await Promise.all(attempts)
      t.equal(saved.filter(({ ok }) => ok).length, 1)
    })

    t.test('a new name or address replaces the old one, which becomes free', async t => {
      const { id } = await addPerson(users, { username: 'before', email: 'before@example.com' })
      const updated = await users.update(id, { username: 'after', email: 'after@example.com' })

      t.match(updated, { ok: true, profile: { username: 'after', email: 'after@example.com' } })
      t.equal((await users.findCredentials({ login: 'AFTER' }))?.userId, id)
      t.equal((await users.findCredentials({ login: 'after@example.com' }))?.userId, id)
      t.equal(await users.findCredentials({ login: 'before' }), null)
      await addPerson(users, { username: 'before', email: 'before@example.com' })
    })

    t.test('an empty address signs nobody in', async t => {
      const { id } = await addPerson(users, { username: 'shy', email: 'shy@example.com' })
      t.ok((await users.update(id, { email: '' }))?.ok)
      t.equal(await users.findCredentials({ login: 'shy@example.com' }), null)
      t.equal(await users.findCredentials({ login: '' }), null)
    })

    t.test('an update with another user’s name changes nothing', async t => {
      await addPerson(users, { username: 'holder' })
      const person = await addPerson(users, { username: 'other-holder', bio: 'old' })

      t.strictSame(await users.update(person.id, { username: 'Holder', bio: 'new' }), {
        ok: false,
        taken: ['username']
      })
      t.strictSame(await users.findProfile(person.id), person)
      t.equal((await users.findCredentials({ login: 'other-holder' }))?.userId, person.id)
    })

    t.test('an update does not change absent fields', async t => {
      const person = await addPerson(users, { bio: 'old', birthDate: '1999-01-01', email: 'still@example.com' })
      const updated = await users.update(person.id, { bio: 'new', birthDate: null })
      t.strictSame(updated, { ok: true, profile: { ...person, bio: 'new', birthDate: null } })
      t.equal(await users.update(unknownId, { bio: 'new' }), null)
    })

    t.test('two users who swap their names concurrently keep one name each', async t => {
      const one = await addPerson(users, { username: 'left' })
      const other = await addPerson(users, { username: 'right' })
      await Promise.all([users.update(one.id, { username: 'right' }), users.update(other.id, { username: 'left' })])

      const owners = await Promise.all(['left', 'right'].map(login => users.findCredentials({ login })))
      t.strictSame(new Set(owners.map(owner => owner?.userId)), new Set([one.id, other.id]))
    })

    t.test('users see everybody and themselves until one of the two blocks the other', async t => {
      const [one, other] = [await addPerson(users), await addPerson(users)]
      t.match(await users.findVisible(one.id, other.id), { id: other.id, username: other.username })
      t.match(await users.findVisible(one.id, one.id), { id: one.id })

      await addBlock(open.database, one.id, other.id)
      t.equal(await users.findVisible(one.id, other.id), null)
      t.equal(await users.findVisible(other.id, one.id), null)
      t.equal(await users.findVisible(one.id, unknownId), null)
    })

    for (const state of ['deleted', 'inactive'] as const) {
      t.test(`a user who is ${state} is absent, and their credentials are not active`, async t => {
        const [viewer, gone] = [await addPerson(users), await addPerson(users)]
        await markPerson(open, gone.id, state)

        t.equal(await users.findVisible(viewer.id, gone.id), null)
        t.equal(await users.findProfile(gone.id), null)
        t.equal(await users.update(gone.id, { bio: 'x' }), null)
        t.match(await users.findCredentials({ login: gone.username }), { userId: gone.id, active: false })
        t.match(await users.findCredentials({ userId: gone.id }), { userId: gone.id, active: false })
      })
    }

    t.test('last_seen only moves forward, for many users at once', async t => {
      const [one, other] = [await addPerson(users), await addPerson(users)]
      const seen = async ({ id }: ProfileRow) => (await users.findProfile(id))?.lastSeen?.toISOString()
      const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second))

      await users.saw([
        { userId: one.id, at: at(3) },
        { userId: other.id, at: at(1) },
        { userId: one.id, at: at(2) },
        { userId: unknownId, at: at(9) }
      ])
      await users.saw([{ userId: one.id, at: at(1) }])
      t.equal(await seen(one), '2026-01-01T00:00:03.000Z')
      t.equal(await seen(other), '2026-01-01T00:00:01.000Z')
      await t.resolves(users.saw([]))
    })

    t.test('concurrent reports of the same users in another order do not deadlock', async t => {
      const people = await Promise.all(Array.from({ length: 20 }, () => addPerson(users)))
      const sightings = people.map(({ id }) => ({ userId: id, at: new Date() }))
      const rounds = Array.from({ length: 20 }, (_, n) => users.saw(n % 2 ? sightings : sightings.toReversed()))
      await t.resolves(Promise.all(rounds))
    })
  })
})
