import t from 'tap'
import { ask, type Person, startApi } from '../app.ts'

// Invalid input to every route of the OpenAPI document, so that new routes are included.

interface Field {
  readonly type?: string
  readonly anyOf?: readonly Field[]
}
interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: { readonly $ref: string } }>> }
}
type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

const api = await startApi(t, { ports: () => ({ peopleList: 'names' }) })
const [ann, bob, eve] = [await api.join('ann'), await api.join('bob'), await api.join('eve')]
const { paths, components } = JSON.parse((await ask(api.app, 'GET', '/openapi.json')).text)
const operations = Object.entries<Record<string, Operation>>(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { parameters = [], requestBody }]) => ({
    ...{ method: method.toUpperCase() as Method, path, body: requestBody?.content },
    queries: parameters.filter(parameter => parameter.in === 'query').map(({ name }) => name)
  }))
)
const withBody = operations.filter(({ body }) => body !== undefined)
const withId = operations.filter(({ path }) => path.includes('{'))
const group = await ann.ask('POST', '/api/v1/conversations/', { participants: [bob.id], is_group: true, title: 'us' })
const { body: message } = await ann.ask('POST', `/api/v1/conversations/${group.body.id}/messages/`, { content: 'x' })

const JSON_TYPE = { 'content-type': 'application/json' }
const existing = { id: group.body.id, messageId: message.id, userId: bob.id, emoji: '👍' }
const filled = (path: string, values: Readonly<Record<string, unknown>> = existing) =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name] ?? existing.id)))
const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`

t.test('an unreadable body is refused on every route that reads one', async t => {
  const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
  const cases: [name: string, payload: string | Buffer, headers: Record<string, string>, status: number][] = [
    ['truncated', '{"a":1', JSON_TYPE, 400],
    ['null', 'null', JSON_TYPE, 400],
    ['a list', '[]', JSON_TYPE, 400],
    ['a number', '1', JSON_TYPE, 400],
    ['a text', '"x"', JSON_TYPE, 400],
    ['nested 20,000 deep', deep, JSON_TYPE, 400],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22]), JSON_TYPE, 400],
    ['above 64 KiB', Buffer.alloc(64 * 1024 + 1, ' '), JSON_TYPE, 413],
    ['plain text', '{}', { 'content-type': 'text/plain' }, 415],
    ['without a type', '{}', {}, 415],
    ['in latin1', '{}', { 'content-type': 'application/json; charset=latin1' }, 415],
    ['compressed', '{}', { ...JSON_TYPE, 'content-encoding': 'gzip' }, 415]
  ]
  for (const operation of withBody)
    for (const [name, payload, headers, status] of cases) {
      const answer = await ann.ask(operation.method, filled(operation.path), payload, headers)
      t.match(
        answer,
        { status, headers: { 'content-type': /^application\/problem\+json/ } },
        `${nameOf(operation)} ${name}`
      )
    }
})

t.test('a field of the wrong type is named by its error, on every route', async t => {
  for (const operation of withBody) {
    const name = operation.body?.['application/json']?.schema.$ref.split('/').at(-1) ?? ''
    const fields = Object.entries<Field>(components.schemas[name].properties)
    for (const [field, schema] of fields) {
      const wrong: unknown[] = [{}, ...(isText(schema) ? ['a\0b', 'a\ud800'] : [])]
      for (const value of wrong) {
        const { status, body } = await ann.ask(operation.method, filled(operation.path), { [field]: value })
        t.equal(status, 400, `${nameOf(operation)} ${field}`)
        t.ok(field in (body as unknown as { errors: object }).errors, `${nameOf(operation)} names ${field}`)
      }
    }
  }
})

t.test('an invalid or unknown id in a path is not found, on every route', async t => {
  const ids = ['0', '-1', 'x', '1.5', '9007199254740993', '9'.repeat(20), '1'.repeat(200), '4242424242', '\0']
  for (const operation of withId) {
    const names = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '')
    for (const name of names.filter(name => name !== 'emoji'))
      for (const id of ids) {
        const { status } = await ann.ask(
          operation.method,
          filled(operation.path, { ...existing, [name]: id }),
          bodyFor(operation)
        )
        t.equal(status, 404, `${nameOf(operation)} ${name} ${id}`)
      }
  }
})

t.test('a conversation of others is answered like an absent one, byte for byte, on every route', async t => {
  const absent = { ...existing, id: 4_242_424_242 }
  const answerTo = async (
    person: Person,
    { method, path }: (typeof withId)[number],
    values: typeof existing,
    body: object | undefined
  ) => {
    const { status, text, headers } = await person.ask(method, filled(path, values), body, { 'x-request-id': 'same' })
    return { status, text, headers: { ...headers, date: '', ratelimit: '', 'ratelimit-remaining': '' } }
  }
  for (const operation of withId.filter(({ path }) => path.includes('/conversations/{id}/'))) {
    const body = bodyFor(operation)
    const refused = await answerTo(eve, operation, existing, body)
    t.equal(refused.status, 404, nameOf(operation))
    t.same(refused, await answerTo(eve, operation, absent, body), nameOf(operation))
  }
})

t.test('every list accepts any page size, and refuses a forged cursor', async t => {
  const lists = operations.filter(({ queries }) => queries.includes('cursor'))
  t.ok(lists.length >= 6)
  for (const { path, queries } of lists) {
    const required = Object.entries({ q: 'x', with: bob.id, search: 'xx' }).map(([name, value]) =>
      queries.includes(name) ? `${name}=${value}` : ''
    )
    const list = `${filled(path)}?${required.join('&')}`
    for (const size of [
      'limit=0',
      'limit=-1',
      'limit=1000000000',
      'limit=1e9',
      'limit=1&limit=2',
      'limit=',
      'page_size=x'
    ])
      t.match(await ann.ask('GET', `${list}&${size}`), { status: 200 }, `${path} ${size}`)
    const forged = ['x', '..', 'e30', Buffer.from('{"v":1,"at":{"before":"1"}}').toString('base64url')]
    for (const cursor of forged)
      t.match(await ann.ask('GET', `${list}&cursor=${cursor}`), { status: 404, body: { code: 'invalid_cursor' } }, path)
    t.match(await ann.ask('GET', `${list}&cursor=${'a'.repeat(600)}`), { status: 400 }, path)
  }
})

t.test('a body that the route does not read is ignored on the paths of the replaced backends', async t => {
  const read = filled('/api/v1/conversations/{id}/messages/{messageId}/mark_read/')
  for (const type of ['text/plain', 'application/json', 'application/json; charset=latin1', 'image/png'])
    t.match(await bob.ask('POST', read, 'no JSON', { 'content-type': type }), { status: 200 }, type)
  t.match(await bob.ask('POST', read, 'a=1', { 'content-type': 'application/x-www-form-urlencoded' }), { status: 200 })
  t.match(await bob.ask('POST', read, Buffer.alloc(64 * 1024 + 1), { 'content-type': 'text/plain' }), { status: 413 })
  t.match(await bob.ask('POST', '/api/v1/realtime/ticket/', 'x', { 'content-type': 'text/plain' }), { status: 415 })
})

t.test('none of these requests was logged as a failure', async t => {
  t.same(api.warnings, [])
})

/** A body with valid fields, so that only the path can be wrong. */
function bodyFor({ path, body }: { path: string; body: object | undefined }): object | undefined {
  if (body === undefined) return undefined
  if (/\/members\/(remove\/)?$/.test(path)) return { user_ids: [bob.id] }
  if (path.endsWith('/members/{userId}/')) return { role: 'admin' }
  if (path.endsWith('/read/')) return { seq: 1 }
  if (path.endsWith('/typing/')) return { is_typing: true }
  return path.includes('/messages/') ? { content: 'x' } : { title: 'x' }
}

function isText({ type, anyOf = [] }: Field): boolean {
  return type === 'string' || (anyOf[0] !== undefined && isText(anyOf[0]))
}
