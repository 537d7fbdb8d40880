import type { UserId } from '@rendezvous/contract'
import t from 'tap'
import { passwordService } from '../../src/people/passwords/service.ts'
import { ask, startApi } from '../app.ts'

/** A password and its hash by Django 5.2. */
const PASSWORD = 'pässwörd ✓'
const HASH = 'pbkdf2_sha256$1000$salt$gwZaaqRPm2mMAEDdOkNjra3X6RWWhmDPZXIEAY22uww='
const HASHES = {
  cleo: 'pbkdf2_sha1$1000$salt$bxSkLrebycD2ECFQDNFWRho35nM=',
  dan: 'scrypt$1024$sodium$4$2$1L3pVdopSr1tsQR0x0RBu1OvQ2yh6N81iZfhWqql5V5B4PDEBgfJ0+U5GPJQk/Bt0QxWL9HCRl6LrI9xdWWVLg=='
}

t.test('an imported user signs in with their old password', async t => {
  const { app, ports } = await startApi(t, {
    ports: ({ oldHashes }) => ({ passwords: passwordService({ oldCosts: oldHashes.costs }) })
  })
  const logIn = (username: string, password = PASSWORD) => ask(app, 'POST', '/api/token/', { username, password })
  const hashOf = async (userId: UserId) => (await ports.users.findCredentials({ userId }))?.passwordHash ?? ''
  const importUser = async (username: string, passwordHash = HASH) => {
    const saved = await ports.users.register({ username, passwordHash })
    if (!saved.ok) throw new Error(`taken: ${saved.taken}`)
    return saved.profile.id
  }

  await t.test('and then has a hash of our own', async t => {
    const ann = await importUser('ann')
    t.equal((await logIn('ann', 'wrong')).status, 401)
    t.equal(await hashOf(ann), HASH, 'a wrong password renews nothing')

    const first = await logIn('ann')
    t.equal(first.status, 200)
    t.match(await hashOf(ann), /^\$argon2id\$/)
    const second = await logIn('ann')
    const profile = (access: string) =>
      ask(app, 'GET', '/api/v1/auth/profile/', undefined, { authorization: `Bearer ${access}` })
    for (const { body } of [first, second]) t.equal((await profile(body.access)).status, 200)
  })

  await t.test('made by any of Django’s hashers', async t => {
    for (const [name, hash] of Object.entries(HASHES)) {
      const id = await importUser(name, hash)
      t.equal((await logIn(name, 'wrong')).status, 401, name)
      t.equal(await hashOf(id), hash)
      t.equal((await logIn(name)).status, 200, name)
      t.match(await hashOf(id), /^\$argon2id\$/)
    }
  })

  await t.test('on several devices at once', async t => {
    const bob = await importUser('bob')
    const answers = await Promise.all(Array.from({ length: 5 }, () => logIn('bob')))
    t.same(
      answers.map(({ status }) => status),
      [200, 200, 200, 200, 200]
    )
    t.match(await hashOf(bob), /^\$argon2id\$/)
  })
})
