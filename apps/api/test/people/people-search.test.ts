import t from 'tap'
import type { OpenDatabase } from '../../src/database/open.ts'
import { peopleSearchIn } from '../../src/people/search/adapter.ts'
import { searchForm, searchKeys } from '../../src/people/search/port.ts'
import { startApi } from '../app.ts'
import { addBlock, onEveryEngine } from '../database/engines.ts'
import { addPerson, markPerson, usersOf } from './people.ts'

const PATH = '/api/v1/users/'
const names = { username: 'jdoe', firstName: 'Jean-Luc Zoë', lastName: 'van Doe', findable: true }

/** Ids of everybody whom the viewer finds, page by page. */
async function everybody({ database }: OpenDatabase, viewerId: number, prefix: string, limit: number) {
  const search = peopleSearchIn(database)
  const ids: number[] = []
  let page = await search.find(viewerId as never, { prefix, limit })
  for (;;) {
    ids.push(...page.people.map(({ id }) => id))
    if (page.next === null) return ids
    page = await search.find(viewerId as never, { prefix, limit, after: page.next })
  }
}

t.test('names are compared without capitals, accents, width and doubled spaces', async t => {
  for (const [text, form] of [
    ...[
      ['  ÁNGEL  Núñez ', 'angel nunez'],
      ['Ａｎａ', 'ana'],
      ['Ana\u0301', 'ana'],
      ['ŁØÆß', 'loaess'],
      ['ΟΔΟΣ', 'οδοσ']
    ],
    ...[
      ['İstanbul', 'istanbul'],
      ['Jürgen', 'jurgen'],
      ['Ё', 'е'],
      ['王 小明', '王 小明'],
      ['हिन्दी', 'हिन्दी'],
      ['\u0301', '']
    ]
  ] as const)
    t.equal(searchForm(text), searchForm(form), text)
  t.equal(searchForm('Ł'), 'l')
  t.equal(Array.from(searchForm('😀'.repeat(500))).length, 64)
})

t.test('a person is found from each word of their name on, and by the name that they chose', async t => {
  t.same(searchKeys(names), [
    ...['jdoe', 'jean-luc zoe van doe', 'van doe jean-luc zoe', 'luc zoe van doe', 'zoe van doe', 'van doe', 'doe']
  ])
  t.same(searchKeys({ ...names, username: 'user_0123456789abcdef', firstName: '', lastName: '' }), [])
  t.same(searchKeys({ ...names, findable: false }), [])
  t.ok(searchKeys({ ...names, firstName: 'a b '.repeat(37) }).length <= 12)
})

await t.test('the stored search', async t => {
  await onEveryEngine(t, async (t, open) => {
    const users = usersOf(open)
    const search = peopleSearchIn(open.database)

    await t.test('pages find everybody once, in the order of their keys, though several keys match', async t => {
      const viewer = await addPerson(users, { firstName: 'Quentin' })
      const ids = new Map<string, number>()
      for (const firstName of ['Quirin Quirin', 'Quincy', 'Quirin', 'Quella Quinn']) {
        ids.set(firstName, (await addPerson(users, { firstName, lastName: 'Zabel' })).id)
      }
      await addPerson(users, { firstName: 'Q' })
      const found = async (prefix: string, limit: number) => {
        const order = await everybody(open, viewer.id, prefix, limit)
        return order.map(id => [...ids].find(([, each]) => each === id)?.[0])
      }
      for (const limit of [1, 2, 3, 50])
        t.same(await found('qu', limit), ['Quella Quinn', 'Quincy', 'Quirin Quirin', 'Quirin'])
      t.same(await found('quirin z', 50), ['Quirin Quirin', 'Quirin'])
      t.same(await found('zabel qui', 50), ['Quincy', 'Quirin', 'Quirin Quirin'])
      t.same(await found('quz', 50), [])
    })

    await t.test('nobody finds people who are gone, who do not want it, or who are across a block', async t => {
      const viewer = await addPerson(users, { firstName: 'Xavier' })
      const [deleted, inactive, hidden, blocked, blocker, seen] = await Promise.all(
        Array.from({ length: 6 }, () => addPerson(users, { firstName: 'Xaver' }))
      )
      if (!deleted || !inactive || !hidden || !blocked || !blocker || !seen) throw new Error('six people')
      await markPerson(open, deleted.id, 'deleted')
      await markPerson(open, inactive.id, 'inactive')
      await users.update(hidden.id, { findable: false })
      await addBlock(open.database, viewer.id, blocked.id)
      await addBlock(open.database, blocker.id, viewer.id)
      t.same(await everybody(open, viewer.id, 'xav', 1), [seen.id])
      await users.update(hidden.id, { findable: true })
      t.same((await everybody(open, viewer.id, 'xav', 9)).sort(), [seen.id, hidden.id].sort())
    })

    await t.test('a person is found by their present names alone', async t => {
      const viewer = await addPerson(users)
      const { id } = await addPerson(users, { firstName: 'Wilma', lastName: 'Wolter' })
      await users.update(id, { lastName: 'Wagner' })
      t.same(await everybody(open, viewer.id, 'wolt', 9), [])
      t.same(await everybody(open, viewer.id, 'wagner wil', 9), [id])
    })

    await t.test('the worker makes the keys of names that another release stored', async t => {
      const viewer = await addPerson(users)
      const { id } = await addPerson(users, { firstName: 'Yolanda' })
      const rename = (name: string) =>
        open.database.query({ name: 'test_rename', text: 'UPDATE person SET first_name = $2 WHERE id = $1' }, [
          id,
          name
        ])
      await rename('Yseult')
      const stale = await search.unsearched(10)
      t.match(stale, [{ userId: id, firstName: 'Yseult' }])
      await rename('Yvette')
      await search.index(stale)
      t.same(await everybody(open, viewer.id, 'ys', 9), [], 'the name changed since it was read')
      await search.index(await search.unsearched(10))
      t.same(await everybody(open, viewer.id, 'yv', 9), [id])
      t.same(await everybody(open, viewer.id, 'yo', 9), [])
      t.same(await search.unsearched(10), [])
    })

    await t.test('a page reads a bounded number of keys, and goes on where it stopped', async t => {
      const viewer = await addPerson(users)
      const [crowd, last] = [await addPerson(users), await addPerson(users, { firstName: 'Vz' })]
      await markPerson(open, crowd.id, 'inactive')
      await open.database.query(
        {
          name: 'test_many_keys',
          text: `INSERT INTO person_search (key, user_id) SELECT 'va' || i, $1 FROM generate_series(1, 1200) i`
        },
        [crowd.id]
      )
      const first = await search.find(viewer.id, { prefix: 'v', limit: 10 })
      t.same(first.people, [])
      t.ok(first.next)
      t.same(await everybody(open, viewer.id, 'v', 10), [last.id])
    })
  })
})

t.test('over HTTP', async t => {
  const api = await startApi(t)
  const [ann, zoe] = [await api.join('ann_lee'), await api.join('zoe_lee')]
  await zoe.ask('PATCH', '/api/v1/auth/profile/', { first_name: 'Zoë', last_name: 'Núñez' })
  const find = (query: string) => ann.ask('GET', `${PATH}?${query}`)

  t.test('people are found with what others see of them', async t => {
    for (const search of ['zo', 'ZOE_l', 'nunez', 'N%C3%BA%C3%B1ez%20zo', 'zoë n'])
      t.match(await find(`search=${search}`), {
        status: 200,
        body: { next: null, previous: null, results: [{ id: zoe.id, username: 'zoe_lee', is_online: false }] }
      })
    t.notOk('email' in ((await find('search=zo')).body.results[0] ?? {}))
    t.same((await find('search=oe')).body.results, [], 'the middle of a word finds nothing')
    t.same((await find('search=ann')).body.results, [], 'nobody finds themselves')
  })

  t.test('a search that is missing, too short or invalid says so', async t => {
    for (const query of [
      '',
      'search=',
      'search=z',
      'search=%20z%20',
      'search=%CC%81',
      `search=${'x'.repeat(151)}`,
      'search=%00z'
    ])
      t.match(await find(query), { status: 400, body: { search: [String] } }, query)
    t.match(await find('search=zo&cursor=nonsense'), { status: 404 })
  })

  t.test('whoever turns it off is not found, until they turn it on again', async t => {
    t.match((await zoe.ask('GET', '/api/v1/auth/profile/')).body, { findable: true })
    t.match(await zoe.ask('PATCH', '/api/v1/auth/profile/', { findable: false }), {
      status: 200,
      body: { findable: false }
    })
    t.same((await find('search=zoe')).body.results, [])
    await zoe.ask('PATCH', '/api/v1/auth/profile/', { bio: 'unrelated' })
    t.same((await find('search=zoe')).body.results, [])
    await zoe.ask('PATCH', '/api/v1/auth/profile/', { findable: true })
    t.match((await find('search=zoe')).body.results, [{ id: zoe.id }])
  })

  t.test('searches for people are counted by themselves', async t => {
    t.match((await find('search=zo')).headers['ratelimit-policy'], /^"people"/)
  })
})
