import { Agent, request as send } from 'node:http'
import fc from 'fast-check'
import t from 'tap'
import type { Answer } from '../contract/answers.ts'
import { contractAt } from '../contract/checked.ts'
import { createFuzzFixtures } from './fixtures.ts'
import { type Request, requestsOf } from './request.ts'
import { ENOUGH, forEach, RUNS, report, SEED, startUnlimited } from './run.ts'

const WORKERS = 32
const DEADLINE_MS = 30_000

t.setTimeout(600_000)

t.test('valid and invalid requests generated from the document are answered as it says', async t => {
  const url = await startUnlimited(t)
  const contract = await contractAt(url)
  const requests = fc.sample(requestsOf(contract, await createFuzzFixtures(url)), { seed: SEED, numRuns: RUNS })
  const agent = new Agent({ keepAlive: true, maxSockets: WORKERS })
  const found: string[] = []
  const statuses = new Map<number, number>()
  const neverSucceeded = new Set(contract.operations)

  await forEach(requests, WORKERS, async request => {
    const answer = await ask(url, agent, request)
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
    if (answer.status < 300) neverSucceeded.delete(request.operation)
    for (const problem of [contract.problem(answer), unexpected(request, answer.status)])
      if (problem !== null)
        found.push(`${problem}\n${JSON.stringify(request.headers)} ${request.body?.slice(0, 2_000)}`)
  })

  agent.destroy()
  t.comment(`answers by status: ${JSON.stringify(Object.fromEntries([...statuses].sort()))}`)
  t.same(
    RUNS < ENOUGH ? [] : [...neverSucceeded].map(({ method, path }) => `${method} ${path}`),
    [],
    'every operation succeeds at least once'
  )
  report(t, found)
})

/** What is wrong with the status, whatever the document says; null when nothing is. */
function unexpected(request: Request, status: number): string | null {
  const { operation, caller } = request
  const { isProtected, path, method } = operation
  const name = `${method} ${path} (${request.path.slice(0, 200)})`
  if (status === 431) return null // the headers were too large, so nothing else was checked
  if (status >= 500 && path !== '/readyz') return `${name} fails with ${status}`
  if (isProtected && caller === 'nobody' && status !== 401) return `${name} without a token is answered with ${status}`
  if (isProtected && caller === 'signed-in' && status === 401) return `${name} with a token is answered with 401`
  if (request.isBroken && status < 400) return `${name} violates the schemas and is answered with ${status}`
  return null
}

function ask(url: string, agent: Agent, { method, path, headers, body }: Request): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === null ? {} : { 'content-length': Buffer.byteLength(body) }
    const { hostname, port } = new URL(url)
    const options = { agent, hostname, port, path, method, timeout: DEADLINE_MS }
    const request = send({ ...options, headers: { ...headers, ...length } })
    request.on('timeout', () => request.destroy(new Error(`${method} ${path} was not answered`)))
    request.on('error', reject)
    request.on('response', response => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode: status = 0, headers: answered } = response
        resolve({ method, path, status, type: answered['content-type'] ?? '', text: Buffer.concat(chunks).toString() })
      })
    })
    request.end(body ?? undefined)
  })
}
