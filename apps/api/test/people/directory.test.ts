import t from 'tap'
import { directoryIn } from '../../src/people/directory/adapter.ts'
import type { PeopleList } from '../../src/people/directory/port.ts'
import { startApi } from '../app.ts'
import { addBlock, addPeople, onEveryEngine } from '../database/engines.ts'
import { addPerson, markPerson, usersOf } from './people.ts'

t.test('the stored list of people', async t => {
  await onEveryEngine(t, async (t, open) => {
    const directory = directoryIn(open.database)
    const users = usersOf(open)

    t.test('it has the newest accounts first, and not the viewer', async t => {
      const viewer = await addPerson(users)
      const names = { firstName: 'Zoë', lastName: 'Ng', email: 'zoe@example.com' }
      const zoe = await addPerson(users, names)
      const [max] = await addPeople(open.database, 1)

      const [first, second, third] = await directory.page(viewer.id, { limit: 3 })

      t.equal(first?.id, max)
      t.strictSame(second, { id: zoe.id, username: zoe.username, ...names })
      t.not(third?.id, viewer.id)
    })

    t.test('it goes on below an id, and ends', async t => {
      const viewer = await addPerson(users)
      const [one, two, three] = await addPeople(open.database, 3)
      const page = await directory.page(viewer.id, { limit: 2 })
      t.strictSame(
        page.map(({ id }) => id),
        [three, two]
      )
      const rest = await directory.page(viewer.id, { limit: 500, before: two })
      t.equal(rest[0]?.id, one)
      const oldest = rest.at(-1)?.id
      t.strictSame(await directory.page(viewer.id, { limit: 2, before: oldest }), [])
    })

    t.test('it leaves out people who are deleted, inactive or across a block in either direction', async t => {
      const viewer = await addPerson(users)
      const gone = await Promise.all(Array.from({ length: 4 }, () => addPerson(users)))
      const [deleted, inactive, blocked, blocker] = gone.map(({ id }) => id)
      if (deleted === undefined || inactive === undefined || blocked === undefined || blocker === undefined) return
      await markPerson(open, deleted, 'deleted')
      await markPerson(open, inactive, 'inactive')
      await addBlock(open.database, viewer.id, blocked)
      await addBlock(open.database, blocker, viewer.id)

      const ids = (await directory.page(viewer.id, { limit: 500 })).map(({ id }) => id)

      t.strictSame(
        gone.filter(({ id }) => ids.includes(id)),
        []
      )
      const other = await addPerson(users)
      const theirs = (await directory.page(other.id, { limit: 500 })).map(({ id }) => id)
      t.ok(theirs.includes(blocked) && theirs.includes(blocker) && theirs.includes(viewer.id))
    })
  })
})

t.test('GET /users/', async t => {
  const opened = async (peopleList?: PeopleList) =>
    startApi(t, peopleList === undefined ? {} : { ports: () => ({ peopleList }) })
  const register = (api: Awaited<ReturnType<typeof opened>>, person: object) =>
    api.app.inject({ method: 'POST', url: '/register/', payload: { password: 'correct horse', ...person } })
  const ben = { email: 'ben@example.com', first_name: 'Ben', last_name: 'Oak' }

  await t.test('with `emails` it answers the fields of the first backend, and a profile has the address', async t => {
    const api = await opened('emails')
    const viewer = await api.join()
    const { id } = (await register(api, ben)).json()

    const { status, body } = await viewer.ask('GET', '/users/')

    t.equal(status, 200)
    t.strictSame(body, [{ id, first_name: 'Ben', last_name: 'Oak', email: 'ben@example.com' }])
    t.match((await viewer.ask('GET', `/users/${id}/`)).body, { id, email: 'ben@example.com', online: false })
    t.notOk('email' in (await viewer.ask('GET', `/api/v1/auth/users/${id}/`)).body)
    t.match((await viewer.ask('GET', `/users/${viewer.id}/`)).body, { id: viewer.id, email: '' })
  })

  await t.test('with `names` no answer has an address', async t => {
    const api = await opened('names')
    const viewer = await api.join()
    const { id } = (await register(api, ben)).json()

    const { body } = await viewer.ask('GET', '/users/')

    t.strictSame(body, [{ id, first_name: 'Ben', last_name: 'Oak' }])
    t.notMatch((await viewer.ask('GET', `/users/${id}/`)).text, 'ben@example')
  })

  await t.test('a person who shows neither a name nor an address has their user name to show', async t => {
    for (const mode of ['names', 'emails'] as const) {
      const api = await opened(mode)
      const viewer = await api.join()
      const other = await api.join('bo')
      const [entry] = (await viewer.ask('GET', '/users/')).body
      t.match(entry, { id: other.id, first_name: 'bo', last_name: '' }, mode)
    }
  })

  await t.test('`off`, the default, refuses with a stable code, and a profile has no address', async t => {
    const api = await opened()
    const viewer = await api.join()
    const { id } = (await register(api, ben)).json()

    const { status, body } = await viewer.ask('GET', '/users/')

    t.equal(status, 403)
    t.match(body, { code: 'people_list_off', detail: 'This server does not list its people.' })
    t.notMatch((await viewer.ask('GET', `/users/${id}/`)).text, 'ben@example')
  })

  await t.test('a page has at most 500 people, and its Link leads to the next one', async t => {
    const api = await opened('names')
    const viewer = await api.join()
    await addPeople(api.open.database, 502)

    const first = await viewer.ask('GET', '/users/')
    t.equal(first.body.length, 500)
    const next = /<([^>]+)>; rel="next"/.exec(String(first.headers.link))?.[1] ?? ''
    const second = await viewer.ask('GET', new URL(next).pathname + new URL(next).search)
    t.equal((second.body as unknown as { results: unknown[] }).results.length, 2)

    const small = await viewer.ask('GET', '/users/?page_size=2')
    t.match(small.body, { results: [{}, {}], next: String })
  })
})
