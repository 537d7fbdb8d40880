import t, { type Test } from 'tap'
import type { OpenDatabase } from '../../src/database/open.ts'
import { sqlState } from '../../src/database/port.ts'
import { isDataError, retrying } from '../../src/database/retry.ts'
import { onEveryEngine } from './engines.ts'

const COUNT = { name: 'test_count', text: 'SELECT count(*) AS n FROM login_key' }
const ADD = {
  name: 'test_add',
  text: 'INSERT INTO retired_token (jti, session_id, expires_at) VALUES (gen_random_uuid(), gen_random_uuid(), now())'
}

async function suite(t: Test, { engine, database, prisma, tidy }: OpenDatabase) {
  await t.test('both engines answer values in the same JavaScript types', async t => {
    const rows = await database.query(
      {
        name: 'test_types',
        text: `SELECT 9007199254740991::int8 AS int8, 7::int2 AS int2, -1::int4 AS int4, true AS bool, 'x'::text AS text, null AS nothing,
          '2026-01-02 03:04:05.678+02'::timestamptz AS timestamptz, '2026-01-02'::date AS date, '{"a":[1,null]}'::jsonb AS jsonb,
          '00000000-0000-0000-0000-00000000000a'::uuid AS uuid, ARRAY[1, null, 3]::int8[] AS int8s, ARRAY[1, 2]::int4[] AS int4s,
          ARRAY['a,b', 'NULL', null]::text[] AS texts, $1::int8[] AS ids, $2::timestamptz AS at, count(*) AS n`
      },
      [[1, 2 ** 52], new Date('2026-05-06T07:08:09.123Z')]
    )
    t.same(rows, [
      {
        int8: 9007199254740991,
        int2: 7,
        int4: -1,
        bool: true,
        text: 'x',
        nothing: null,
        timestamptz: new Date('2026-01-02T01:04:05.678Z'),
        date: '2026-01-02',
        jsonb: { a: [1, null] },
        uuid: '00000000-0000-0000-0000-00000000000a',
        int8s: [1, null, 3],
        int4s: [1, 2],
        texts: ['a,b', 'NULL', null],
        ids: [1, 2 ** 52],
        at: new Date('2026-05-06T07:08:09.123Z'),
        n: 1
      }
    ])
  })

  await t.test('an error carries its SQLSTATE', async t => {
    const error: unknown = await database.query(ADD).catch((error: unknown) => error)
    t.equal(sqlState(error), '23503')
    t.equal(sqlState(new Error('other')), '')
  })

  await t.test('a transaction commits all of its writes or none', async t => {
    const user = await prisma.user.create({ data: { username: 'ann', passwordHash: 'x' } })
    const add = (key: string) => ({ name: 'test_key', text: 'INSERT INTO login_key VALUES ($1, $2)', key })

    await t.rejects(
      database.transaction(async transaction => {
        await transaction.query(add('a'), ['a', user.id])
        throw new Error('rolled back')
      }),
      /rolled back/
    )
    t.same(await database.query(COUNT), [{ n: 0 }])
    const answer = await database.transaction(async transaction => {
      await transaction.query(add('a'), ['a', user.id])
      return 'done'
    })
    t.equal(answer, 'done')
    t.same(await database.query(COUNT), [{ n: 1 }])
  })

  await t.test('a query outside a transaction is not rolled back with it', async t => {
    let beside: Promise<unknown> = Promise.resolve()
    await t.rejects(
      database.transaction(async transaction => {
        await transaction.query(COUNT)
        beside = prisma.user.create({ data: { username: 'bob', passwordHash: 'x' } })
        await transaction.query(COUNT)
        throw new Error('rolled back')
      })
    )
    await beside
    t.equal(await prisma.user.count({ where: { username: 'bob' } }), 1)
  })

  await t.test('a snapshot reads one state, and cannot write', async t => {
    let beside: Promise<unknown> = Promise.resolve()
    const seen = await database.snapshot(async snapshot => {
      const before = await snapshot.query(COUNT)
      const written = prisma.user.create({ data: { username: 'dora', passwordHash: 'x' } })
      beside = written.then(({ id }) => prisma.loginKey.create({ data: { key: 'dora', userId: id } }))
      if (engine === 'postgresql') await beside // on the embedded engine it waits for the snapshot
      return [before, await snapshot.query(COUNT)]
    })
    await beside
    t.same(seen[0], seen[1])
    t.not((await database.query<{ n: number }>(COUNT))[0]?.n, (seen[0] as { n: number }[])[0]?.n)
    await t.rejects(
      database.snapshot(snapshot => snapshot.query(ADD)),
      { code: '25006' }
    )
  })

  await t.test('prisma reports a duplicate key', async t => {
    const user = await prisma.user.create({ data: { username: 'eve', passwordHash: 'x' } })
    await prisma.loginKey.create({ data: { key: 'eve', userId: user.id } })
    await t.rejects(prisma.loginKey.create({ data: { key: 'eve', userId: user.id } }), { code: 'P2002' })
  })

  await t.test('tidying deletes nothing', async t => {
    const before = await database.query(COUNT)
    await tidy()
    t.same(await database.query(COUNT), before)
  })

  await t.test('the event loop turns between queries', async t => {
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    for (let i = 0; i < 200; i++) await database.query(COUNT)
    clearInterval(timer)
    t.ok(turns > 5, `${turns} turns`)
  })

  if (engine === 'pglite') return // the embedded engine prepares no statements
  await t.test('a statement keeps one plan for all parameters', async t => {
    const look = { name: 'test_look', text: 'SELECT id FROM outbox WHERE id = ANY ($1::bigint[])' }
    const plans = { name: 'test_plans', text: 'SELECT custom_plans AS n FROM pg_prepared_statements WHERE name = $1' }
    await database.transaction(async transaction => {
      for (let i = 0; i < 3; i++) await transaction.query(look, [[i]])
      t.same(await transaction.query(plans, [look.name]), [{ n: 0 }])
    })
  })
}

await onEveryEngine(t, suite)

await t.test('a transaction that failed for a temporary reason runs at most five times', async t => {
  const fail = (code: string, times: number) => {
    let calls = 0
    const run = async () => {
      if (++calls <= times) throw Object.assign(new Error(code), { code })
      return calls
    }
    return { run, calls: () => calls }
  }
  const lasting = fail('40P01', 9)
  const other = fail('57014', 1)

  t.equal(await retrying(fail('40001', 4).run), 5)
  await t.rejects(retrying(lasting.run), { code: '40P01' })
  t.equal(lasting.calls(), 5)
  await t.rejects(retrying(other.run), { code: '57014' })
  t.equal(other.calls(), 1)
})

t.test('an error of the data is distinguished from others', async t => {
  const dataError = (code: string) => isDataError(Object.assign(new Error(code), { code }))
  t.same(['22021', '23514', '23505', '40001', '57014', 'ECONNRESET'].map(dataError), [
    true,
    true,
    false,
    false,
    false,
    false
  ])
})
