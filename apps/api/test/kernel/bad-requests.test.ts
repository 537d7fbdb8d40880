import { randomUUID } from 'node:crypto'
import t from 'tap'
import { ask, type Person, startApi } from '../app.ts'

const api = await startApi(t)
const ann = await api.join('ann')
const bob = await api.join('bob')
const eve = await api.join('eve')
const { body: first } = await ann.ask('POST', '/messages/send/', { receiver: bob.id, content: 'hello' })
const inside = `/api/v1/conversations/${first.conversation}`
const JSON_TYPE = { 'content-type': 'application/json' }

t.test('a form with an empty file field is read', async t => {
  const part = (disposition: string, value: string) =>
    `--b\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${value}\r\n`
  const payload = `${part('name="receiver"', String(bob.id))}${part('name="content"', 'hé')}${part('name="file"; filename=""', '')}--b--\r\n`
  const answer = await ann.ask('POST', '/messages/send/', Buffer.from(payload), {
    'content-type': 'multipart/form-data; boundary=b'
  })
  t.match(answer, { status: 201, body: { content: 'hé' } })
})

t.test('a form is refused on a path that reads JSON only', async t => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  t.match(await ann.ask('POST', '/api/v1/realtime/ticket/', 'a=1', headers), { status: 415 })
  t.match(await ann.ask('POST', '/api/v1/realtime/ticket/', '', headers), { status: 201 })
})

t.test('an invalid id in a path, and an unknown path, are not found', async t => {
  const ids = ['0', '-1', 'x', '1.5', '9007199254740993', '99999999999999999999', '1'.repeat(200), '%00', '1e3', '+1']
  for (const id of ids) {
    t.match(await ann.ask('GET', `/api/v1/conversations/${id}/`), { status: 404, body: { code: 'not_found' } }, id)
    t.match(await ann.ask('GET', `/users/${id}/`), { status: 404, body: { detail: 'Not found.' } }, id)
  }
  t.match(await ann.ask('GET', '/api/v1/conversations/%zz/'), { status: 400, body: { code: 'bad_url' } })
  t.match(await ann.ask('GET', '/nowhere/'), { status: 404, body: { code: 'not_found' } })
  t.match(await ask(api.app, 'POST', '/nowhere/', '{', JSON_TYPE), { status: 404 })
})

t.test('a query is read as an integer, and an id of nobody gives an empty list', async t => {
  const cases: [query: string, status: number, expected: unknown][] = [
    ['', 400, { with: ['This field is required.'] }],
    ['?with=', 400, { with: ['A valid integer is required.'] }],
    ['?with=x', 400, { with: ['A valid integer is required.'] }],
    ['?with=%zz', 400, { with: ['A valid integer is required.'] }],
    ['?with=999', 200, []],
    ['?with=-1', 200, []],
    ['?with=99999999999', 200, []],
    [`?with=${ann.id}`, 200, []]
  ]
  for (const [query, status, expected] of cases)
    t.match(await ann.ask('GET', `/messages/${query}`), { status, body: expected }, query)
})

t.test('a forged cursor is refused', async t => {
  const cursors = ['x', '..', 'e30', Buffer.from('{"v":1,"at":{"before":"1"}}').toString('base64url')]
  for (const cursor of cursors) {
    for (const path of ['/api/v1/conversations/', `${inside}/messages/`]) {
      const answer = await ann.ask('GET', `${path}?cursor=${cursor}`)
      t.match(
        answer,
        { status: 404, body: { code: 'invalid_cursor', detail: 'Invalid cursor' } },
        `${path} ${cursor.slice(0, 20)}`
      )
    }
  }
})

t.test('a cursor longer than its limit is refused', async t => {
  const expected = { cursor: ['Ensure this field has no more than 512 characters.'] }
  t.match(await ann.ask('GET', `${inside}/messages/?cursor=${'a'.repeat(600)}`), { status: 400, body: expected })
})

t.test('a repeated client_id returns the first message, and conflicts with another text', async t => {
  const client_id = randomUUID()
  const send = (content: string) => ann.ask('POST', '/messages/send/', { receiver: bob.id, content, client_id })

  const once = await send('one')
  t.match(await send('one'), { status: 200, body: { id: once.body.id, duplicate: true } })
  t.match(await send('two'), { status: 409, body: { code: 'client_id_conflict' } })
})

t.test('a conversation of others is answered like an absent one, byte for byte', async t => {
  const headers = { 'x-request-id': 'same' }
  const answerTo = async (person: Person, path: string, method: 'GET' | 'POST' | 'DELETE' = 'GET') => {
    const { status, text, headers: answered } = await person.ask(method, path, undefined, headers)
    return { status, text, headers: { ...answered, date: '', ratelimit: '', 'ratelimit-remaining': '' } }
  }
  const absent = '/api/v1/conversations/4242424242'
  for (const path of ['/', '/messages/'])
    t.same(await answerTo(eve, inside + path), await answerTo(eve, absent + path), path)
  t.same(await answerTo(eve, `${inside}/leave/`, 'DELETE'), await answerTo(eve, `${absent}/leave/`, 'DELETE'))
  const read = `messages/${first.id}/mark_read/`
  t.same(await answerTo(eve, `${inside}/${read}`, 'POST'), await answerTo(eve, `${absent}/${read}`, 'POST'))
  t.same(
    await answerTo(bob, `${inside}/messages/4242/mark_read/`, 'POST'),
    await answerTo(bob, `${absent}/messages/4242/mark_read/`, 'POST')
  )
  t.match(await answerTo(eve, inside), { status: 404 })
})

t.test('a request without a valid access token is refused with its reason', async t => {
  const cases: [name: string, header: string, code: string][] = [
    ['no header', '', 'not_authenticated'],
    ['another scheme', 'Basic eDp5', 'not_authenticated'],
    ['no token', 'Bearer', 'bad_authorization_header'],
    ['two tokens', 'Bearer a b', 'bad_authorization_header'],
    ['not a token', 'Bearer junk', 'token_not_valid'],
    ['a token longer than the limit', `Bearer ${'a'.repeat(5_000)}`, 'token_not_valid'],
    ['a refresh token', `Bearer ${ann.refresh}`, 'token_not_valid'],
    ['an altered token', `Bearer ${ann.access.slice(0, -2)}`, 'token_not_valid']
  ]
  for (const [name, authorization, code] of cases) {
    const answer = await ask(
      api.app,
      'GET',
      '/api/v1/conversations/',
      undefined,
      authorization === '' ? {} : { authorization }
    )
    t.match(answer, { status: 401, body: { code }, headers: { 'www-authenticate': 'Bearer realm="api"' } }, name)
  }
})

t.test('a password of a megabyte is refused', async t => {
  const answer = await ask(api.app, 'POST', '/api/token/', { username: 'ann', password: 'a'.repeat(1_000_000) })
  t.match(answer, { status: 413 })
})

t.test('the detail of a validation error is the text of its first field', async t => {
  const answer = await ask(api.app, 'POST', '/api/v1/auth/register/', { username: 'somebody' })

  t.match(answer, { status: 400, body: { password: ['This field is required.'], detail: 'This field is required.' } })
})

t.test('none of these requests was logged as a failure', async t => {
  t.same(api.warnings, [])
})
