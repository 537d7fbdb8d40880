import type { UserId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import type { OpenDatabase } from '../../src/database/open.ts'
import { oldHashesIn } from '../../src/people/old-hashes/adapter.ts'
import { databaseSessions } from '../../src/people/sessions/adapter.ts'
import { addPerson, usersOf } from '../people/people.ts'
import { onEveryEngine } from './engines.ts'

const SESSION = '6f1f9c1e-0000-4000-8000-000000000001'

async function suite(t: Test, open: OpenDatabase): Promise<void> {
  const [users, hashes, sessions] = [usersOf(open), oldHashesIn(open.database), databaseSessions(open.database)]
  const add = async (passwordHash: string): Promise<UserId> => (await addPerson(users, { passwordHash })).id

  await t.test('without old hashes there are no costs', async t => {
    await add('$argon2id$v=19$m=19456,t=2,p=1$salt$key')
    t.same(await hashes.costs(), [])
  })

  await t.test('each cost is listed once, as long as an account has it', async t => {
    const argon2 = 'argon2$argon2id$v=19$m=102400,t=2,p=8'
    const ann = await add('pbkdf2_sha256$1000$salt$key')
    for (const hash of ['pbkdf2_sha256$600000$a$b', 'pbkdf2_sha256$600000$c$d', `${argon2}$salt$key`]) await add(hash)
    for (const hash of ['pbkdf2_sha1$1000$a$b', 'scrypt$16384$8$8$1$key', 'scrypt$16384$a$8$1$key']) await add(hash)
    for (const hash of ['pbkdf2_sha256$x$y$z', 'argon2$x', 'scrypt$16384$salt$8$key', 'scrypt$x$8$1$key', '!'])
      await add(hash)

    const rest = ['pbkdf2_sha1$1000', 'pbkdf2_sha256$600000', 'scrypt$16384$$8$1']
    t.same((await hashes.costs()).sort(), [argon2, ...rest, 'pbkdf2_sha256$1000'].sort())
    t.ok(await hashes.renew(ann, 'pbkdf2_sha256$1000$salt$key', '$argon2id$new'))
    t.same((await hashes.costs()).sort(), [argon2, ...rest].sort())
  })

  await t.test('a hash is renewed only if it is still the one that was checked, and sessions continue', async t => {
    const ann = await add('pbkdf2_sha256$1000$salt$key')
    const session = { id: SESSION, userId: ann, passwordHash: 'pbkdf2_sha256$1000$salt$key', userAgent: '', ip: '' }
    t.ok(await sessions.create(session))

    t.notOk(await hashes.renew(ann, 'an older one', '$argon2id$wrong'))
    t.ok(await hashes.renew(ann, 'pbkdf2_sha256$1000$salt$key', '$argon2id$new'))
    t.notOk(await hashes.renew(ann, 'pbkdf2_sha256$1000$salt$key', '$argon2id$later'))

    t.match(await users.findCredentials({ userId: ann }), { passwordHash: '$argon2id$new' })
    t.match(await sessions.states([SESSION]), [{ ended: false }])
  })
}

await onEveryEngine(t, suite)
