import t from 'tap'
import { newPerson } from '../person.ts'
import { startStandalone } from '../standalone.ts'
import { codeOf, exchange, request } from './raw.ts'

const server = await startStandalone(t.testdir())
t.teardown(() => server.stop())
const { url } = server
const ann = await newPerson(url)
const signedIn = { Authorization: `Bearer ${ann.http.access}` }

/** The answer to a GET of `path` by a signed-in user; undefined unless there is exactly one. */
async function get(path: string) {
  const answers = await exchange(url, request('GET', path, signedIn))
  return answers.length === 1 ? answers[0] : undefined
}

t.test('a very long address is refused, or its path is not found', async t => {
  t.match(await get(`/users/${'9'.repeat(10_000)}/`), { status: 404 })
  t.match(await get(`/${'a/'.repeat(5_000)}`), { status: 404 })
  t.match(await get(`/${'a'.repeat(20_000)}`), { status: 404 })
  t.match(await get(`/livez?${'a'.repeat(50_000)}`), { status: 200 })
  t.match(await get(`/livez?${'a'.repeat(70_000)}`), { status: 431 })
})

t.test('a malformed address is refused', async t => {
  const cases: Record<string, RegExp> = {
    '/users/\0/': /400/,
    '/users/%00/': /400|404/,
    '/users/\xff\xfe/': /400|404/,
    '/users/%ff%fe/': /400|404/,
    '/users/%c0%80/': /400|404/,
    '/users/%ed%a0%80/': /400|404/,
    '/users/%/': /400/,
    '/users/%zz/': /400/,
    '/users/a b/': /400/,
    '/../../etc/passwd': /400|404/,
    '/users/..%2f..%2fetc/': /400|404/,
    '/docs/..%2f..%2f..%2fpackage.json': /400|403|404/,
    '/docs/static/..%2f..%2f..%2fpackage.json': /400|403|404/,
    '//livez': /400|404/,
    '/users/1;/': /404/,
    '/users/1\\/': /404/
  }
  for (const [path, status] of Object.entries(cases)) t.match(await get(path), { status }, path)
})

t.test('a malformed or very large query never causes a server error', async t => {
  const many = (name: string, count: number) => Array.from({ length: count }, (_, n) => `${name}=${n}`).join('&')
  const cases: [string, RegExp][] = [
    ['with=%00', /400/],
    ['with=%ff', /400/],
    ['with=\xff', /400/],
    ['with=%', /400/],
    ['with=1&with=2', /200|400/],
    ['with[]=1', /400/],
    ['with[a]=1', /400/],
    ['__proto__=1&with=1', /200/],
    ['constructor=1&with=1', /200/],
    [`${many('a', 1_000)}&with=1`, /200/],
    [many('with', 1_000), /200|400/],
    [Array.from({ length: 1_000 }, (_, n) => `a${n}=${n}`).join('&'), /400/],
    ['&'.repeat(5_000), /400/],
    ['=', /400/],
    ['?'.repeat(100), /400/],
    ['with=1&limit=0', /200/],
    ['with=1&limit=-1', /200/],
    ['with=1&limit=1e9', /200/],
    ['with=1&limit=1000000000', /200/],
    ['with=1&limit=1&limit=2', /200|400/],
    ['with=1&before=%00', /200/],
    [`with=1&cursor=${'a'.repeat(10_000)}`, /400/]
  ]
  for (const [query, status] of cases) {
    const answer = await get(`/messages/?${query}`)
    t.match(answer, { status }, query.slice(0, 60))
    if (answer?.status === 400) t.match(codeOf(answer), /invalid|parse_error|bad_url/)
  }
})
