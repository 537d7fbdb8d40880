import { randomUUID } from 'node:crypto'
import t from 'tap'
import { databaseAddresses } from '../../src/people/addresses/adapter.ts'
import { databaseSessions } from '../../src/people/sessions/adapter.ts'
import { onEveryEngine } from '../database/engines.ts'
import { addPerson, HASH, usersOf } from './people.ts'

await onEveryEngine(t, async (t, open) => {
  const [addresses, sessions] = [databaseAddresses(open.database), databaseSessions(open.database)]
  const { id: userId } = await addPerson(usersOf(open))
  const { id: other } = await addPerson(usersOf(open))
  const signIn = async (ip: string) => {
    const id = randomUUID()
    await sessions.create({ id, userId, passwordHash: HASH, userAgent: '', ip })
    return id
  }

  t.test('the address of a log-in is known, also after the user signed out', async t => {
    const sessionId = await signIn('192.0.2.1')
    t.equal(await addresses.knows(userId, '192.0.2.1'), true)
    await sessions.end(userId, { ids: [sessionId] }, { reason: 'logged_out', ip: '' })
    t.equal(await addresses.knows(userId, '192.0.2.1'), true)
    t.equal(await addresses.knows(userId, '192.0.2.2'), false)
    t.equal(await addresses.knows(other, '192.0.2.1'), false)
  })

  t.test('an IPv6 address is known by its network', async t => {
    await signIn('2001:db8::1')
    t.equal(await addresses.knows(userId, '2001:db8:0:0::/64'), true)
    t.equal(await addresses.knows(userId, '2001:db8:0:1::/64'), false)
  })

  t.test('no address is known for a missing user, and an empty address is never known', async t => {
    await signIn('')
    t.equal(await addresses.knows(null, '192.0.2.1'), false)
    t.equal(await addresses.knows(userId, ''), false)
  })
})
