import t from 'tap'
import { auditIn } from '../../src/audit/adapter.ts'
import type { SecurityEvent } from '../../src/audit/port.ts'
import type { Queryable } from '../../src/database/port.ts'
import { disableUsers } from '../../src/people/users/adapter-disable.ts'
import { onEveryEngine } from '../database/engines.ts'
import { addPerson, usersOf } from '../people/people.ts'

const DAY_MS = 86_400_000
const event: SecurityEvent = {
  action: 'role_changed',
  actorId: null,
  subjectKind: 'conversation',
  subjectId: '12',
  ip: '192.0.2.1',
  detail: { role: 'admin' }
}

const rowsOf = (database: Queryable) =>
  database.query<{ action: string; subjectId: string; ip: string; detail: object }>({
    name: 'test_audit_rows',
    text: 'SELECT action, subject_id AS "subjectId", ip, detail FROM audit ORDER BY id'
  })

/** Inserts events of `days` ago, the oldest first. */
async function age(database: Queryable, days: readonly number[]): Promise<void> {
  await database.query(
    {
      name: 'test_audit_age',
      text: `INSERT INTO audit (action, subject_kind, subject_id, at)
        SELECT 'aged', 'user', d::text, now() - d * interval '1 day' FROM unnest($1::int[]) WITH ORDINALITY AS x(d, n) ORDER BY n`
    },
    [days]
  )
}

await onEveryEngine(t, async (t, open) => {
  const { database } = open
  const audit = auditIn(database)

  await t.test('the oldest events go after their time, a bounded number at once, and no others', async t => {
    await age(database, [100, 95, 89, 30, 2])
    t.equal(await audit.purge({ ageMs: 90 * DAY_MS, limit: 1 }), 1)
    t.equal(await audit.purge({ ageMs: 90 * DAY_MS, limit: 10 }), 1)
    t.equal(await audit.purge({ ageMs: 90 * DAY_MS, limit: 10 }), 0)
    t.same(
      (await rowsOf(database)).map(row => row.subjectId),
      ['89', '30', '2']
    )
  })

  await t.test('an event of the last day cannot be deleted, and none can be changed', async t => {
    await age(database, [0])
    for (const text of ['DELETE FROM audit', `UPDATE audit SET action = 'b'`, 'TRUNCATE audit'])
      await t.rejects(database.query({ name: `test_${text}`, text }), /append-only/)
    await t.rejects(audit.purge({ ageMs: 0, limit: 10 }), /append-only/)
  })

  await t.test('an event is stored with its detail, and its address cut', async t => {
    await audit.append({ ...event, ip: 'x'.repeat(60) })
    t.match((await rowsOf(database)).at(-1), {
      ...{ action: 'role_changed', subjectId: '12', detail: { role: 'admin' } },
      ip: 'x'.repeat(45)
    })
  })

  await t.test('disabling a user is recorded once', async t => {
    const { id } = await addPerson(usersOf(open))
    t.match(await disableUsers(database, [id]), [{ action: 'user_disabled', subjectId: String(id) }])
    t.same(await disableUsers(database, [id]), [])
    t.match((await rowsOf(database)).at(-1), { action: 'user_disabled', subjectId: String(id) })
  })
})
