import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import { type Document, httpContract } from './answers.ts'
import { ContractViolation, checkedFetch } from './checked.ts'
import { closeProblem, commandProblem, eventProblem } from './frames.ts'

const json = (schema: object) => ({ content: { 'application/json': { schema } } })
const problem = { content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } }
const document: Document = {
  paths: {
    '/things/{id}/': { get: { responses: { 200: json({ $ref: '#/components/schemas/Thing' }), 404: problem } } },
    '/things/mine/': { get: { responses: { 204: {} } } }
  },
  components: {
    schemas: {
      Thing: { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } },
      Problem: { type: 'object', required: ['code'] }
    }
  }
}

t.test('an answer that violates the document is found', async t => {
  const { problem } = httpContract(document)
  const answer = { method: 'GET', path: '/things/7?x=1', status: 200, type: 'application/json', text: '{"id":7}' }

  t.equal(problem(answer), null, 'a valid answer')
  t.equal(problem({ ...answer, path: '/things/mine/', status: 204, type: '', text: '' }), null, 'a valid empty answer')
  t.match(problem({ ...answer, text: '{"id":"7"}' }), 'violates its schema')
  t.match(problem({ ...answer, status: 201 }), 'undeclared')
  t.match(problem({ ...answer, status: 500, text: '{}' }), 'undeclared')
  t.match(problem({ ...answer, type: 'text/html' }), 'undeclared type')
  t.match(problem({ ...answer, status: 404, type: 'application/problem+json', text: '{}' }), 'violates its schema')
  t.match(problem({ ...answer, path: '/nowhere/' }), 'no path of the document')
  t.match(problem({ ...answer, path: '/things/mine/', status: 204, text: 'x' }), 'has a body')
})

t.test('a checked fetch reads the document of its server, and rejects an answer that violates it', async t => {
  const server = await serve(t)

  await t.resolves(checkedFetch(`${server}/things/7/`))
  const broken = await checkedFetch(`${server}/things/8/`).catch(error => error)
  t.ok(broken instanceof ContractViolation)
  t.match(broken, { message: 'violates its schema' })
})

t.test('a frame outside the contract is found', async t => {
  const at = '2026-01-31T10:20:30.123000Z'

  t.equal(eventProblem(JSON.stringify({ type: 'resync', stream: null, v: 1, at })), null, 'a valid event')
  t.match(eventProblem(JSON.stringify({ type: 'resync', stream: null, v: 1, at: 'today' })), 'violates its schema')
  t.match(eventProblem('{"type":"surprise"}'), 'unknown type')
  t.match(eventProblem('nonsense'), 'unknown type')
  t.equal(commandProblem('{"type":"ping","ref":1}'), null)
  t.match(commandProblem('{"type":"ping","ref":{}}'), 'violates its schema')
  t.equal(closeProblem(4001), null)
  t.match(closeProblem(4999), 'not in the contract')
})

/** The files that open connections. They check the contract themselves; all other tests use them. */
const checking = [
  'nginx.test.ts',
  'contract/checked.ts',
  'contract/checked.test.ts',
  'hostile/raw.ts',
  'fuzz/http.test.ts',
  'fuzz/socket.ts'
]

t.test('every connection of these tests is checked against the contract', async t => {
  const folder = new URL('..', import.meta.url)
  const files = (await readdir(folder, { recursive: true })).filter(name => name.endsWith('.ts'))
  t.ok(files.length > 10)
  const own =
    /(?<!\w)fetch\(|\bhttp\([^,()]+\)|new WebSocket\(|from 'node:https?'|import \{[^}]*\bconnect\b[^}]*\} from 'node:net'/
  for (const name of files.filter(name => !checking.includes(name)))
    t.notMatch(await readFile(new URL(name, folder), 'utf8'), own, name)
  for (const name of checking)
    t.match(
      await readFile(new URL(name, folder), 'utf8'),
      /(contract|eventP|\bp)roblem\(/i,
      `${name} checks the contract`
    )
})

/** Serves the document, a valid thing, and one whose id violates its schema. */
async function serve(t: Test): Promise<string> {
  const texts: Readonly<Record<string, string>> = {
    '/openapi.json': JSON.stringify(document),
    '/things/7/': '{"id":7}',
    '/things/8/': '{"id":"8"}'
  }
  const server = createServer((request, response) =>
    response.setHeader('content-type', 'application/json').end(texts[request.url ?? ''])
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}
