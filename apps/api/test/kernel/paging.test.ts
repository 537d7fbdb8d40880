import t from 'tap'
import { type Body, type Person, startApi, type TestApi } from '../app.ts'

async function chatWithMessages(api: TestApi, count: number): Promise<{ ann: Person; bob: Person; path: string }> {
  const [ann, bob] = [await api.join(), await api.join()]
  const opened = await ann.ask('POST', '/api/v1/conversations/', { participants: [bob.id] })
  const path = `/api/v1/conversations/${opened.body.id}/messages/`
  for (let n = 1; n <= count; n++) await ann.ask('POST', path, { content: `${n}` })
  return { ann, bob, path }
}

const texts = (messages: Body) => messages.map(({ content }) => content).join(' ')

/** The address under `rel` in a Link header, without its host. */
function link(header: unknown, rel: string): string | undefined {
  return new RegExp(`<http://[^/]+([^>]+)>; rel="${rel}"`).exec(String(header))?.[1]
}

/** The path of an absolute address. */
function pathOf(address: string): string {
  const { pathname, search } = new URL(address)
  return pathname + search
}

t.test('lists', async t => {
  const api = await startApi(t)
  const { ann, path } = await chatWithMessages(api, 7)

  t.test('are bare arrays of the newest entries, oldest first, with a Link to older ones', async t => {
    const all = await ann.ask('GET', path)
    t.equal(texts(all.body), '1 2 3 4 5 6 7')
    t.equal(all.headers.link, undefined)
  })

  t.test('are envelopes when a paging parameter is named, and their links visit every entry once', async t => {
    const first = await ann.ask('GET', `${path}?page_size=3`)
    t.match(first.body, { previous: null, next: /^http:\/\/.*cursor=/ })
    t.equal(texts(first.body.results), '5 6 7')
    const second = await ann.ask('GET', pathOf(first.body.next))
    t.equal(texts(second.body.results), '2 3 4')
    const third = await ann.ask('GET', pathOf(second.body.next))
    t.equal(texts(third.body.results), '1')
    t.equal(third.body.next, null)
    t.equal(texts((await ann.ask('GET', pathOf(third.body.previous))).body.results), '2 3 4')
  })

  t.test('start before or after a given message', async t => {
    const ids = (await ann.ask('GET', path)).body.map(({ id }: { id: number }) => id)
    t.equal(texts((await ann.ask('GET', `${path}?before=${ids[3]}&limit=2`)).body.results), '2 3')
    const after = await ann.ask('GET', `${path}?after=${ids[1]}&limit=2`)
    t.equal(texts(after.body.results), '3 4')
    t.equal(texts((await ann.ask('GET', pathOf(after.body.next))).body.results), '5 6')
    t.equal(texts((await ann.ask('GET', `${path}?after=${ids[1]}&before=${ids[4]}`)).body.results), '3 4')
    t.match(await ann.ask('GET', `${path}?before=42`), { status: 404 })
  })

  t.test('start at their beginning when a parameter is empty', async t => {
    for (const query of ['page=', 'cursor=', 'before=', 'page=&page_size=&cursor=&after='])
      t.equal(texts((await ann.ask('GET', `${path}?${query}`)).body.results), '1 2 3 4 5 6 7', query)
    t.match(await ann.ask('GET', '/api/v1/conversations/?page=&cursor='), { status: 200, body: { results: [{}] } })
  })

  t.test('use the default page size for an invalid size, and the largest for a larger one', async t => {
    for (const size of ['0', '-1', 'x', '', '1.5']) {
      t.equal((await ann.ask('GET', `${path}?page_size=${size}`)).body.results.length, 7, size)
    }
    t.match(await ann.ask('GET', `${path}?page_size=1000000000`), { status: 200 })
    t.match(await ann.ask('GET', `${path}?page_size=2&page_size=3`), { body: { results: { length: 3 } } })
  })

  t.test('have no numbered page except the first', async t => {
    t.equal((await ann.ask('GET', `${path}?page=1`)).body.results.length, 7)
    t.match(await ann.ask('GET', `${path}?page=2`), { status: 404, body: { detail: 'Invalid page.' } })
  })

  t.test('of conversations continue below the last entry', async t => {
    const ids = []
    for (let n = 0; n < 4; n++) {
      const other = await api.join()
      ids.push((await ann.ask('POST', '/api/v1/conversations/', { participants: [other.id] })).body.id)
    }
    const first = await ann.ask('GET', '/api/v1/conversations/?limit=3')
    t.same(
      first.body.results.map(({ id }: { id: number }) => id),
      ids.slice(1).reverse()
    )
    const second = await ann.ask('GET', pathOf(first.body.next))
    t.equal(second.body.results[0]?.id, ids[0])
    t.equal(second.body.results.length, 2)
    t.equal(second.body.next, null)
  })
})

t.test('a bare array with more than one page has a Link, and so have the messages with one user', async t => {
  const api = await startApi(t, {
    ports: ({ messages }) => ({
      messages: { ...messages, page: (id, user, window) => messages.page(id, user, { ...window, limit: 2 }) }
    })
  })
  const { ann, bob, path } = await chatWithMessages(api, 3)

  const listed = await ann.ask('GET', path)
  t.equal(texts(listed.body), '2 3')
  t.equal(texts((await ann.ask('GET', link(listed.headers.link, 'next') ?? '')).body.results), '1')
  const withAnn = await bob.ask('GET', `/messages/?with=${ann.id}`)
  t.equal(texts(withAnn.body), '2 3')
  t.match(link(withAnn.headers.link, 'next'), `/messages/?with=${ann.id}&cursor=`)
})

t.test('LISTS=page makes the envelope the default', async t => {
  const api = await startApi(t, { lists: 'page' })
  const ann = await api.join()

  t.same((await ann.ask('GET', '/api/v1/conversations/')).body, { next: null, previous: null, results: [] })
  t.same((await ann.ask('GET', '/messages/?with=999')).body, { next: null, previous: null, results: [] })
})
