import { once } from 'node:events'
import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { Test } from 'tap'
import WebSocket, { type ClientOptions } from 'ws'
import { type Document, type HttpContract, httpContract } from './answers.ts'
import { closeProblem, commandProblem, eventProblem } from './frames.ts'

/** A server violated the contract. */
export class ContractViolation extends Error {}

const contracts = new Map<string, Promise<HttpContract>>()

/** The contract of the server at `origin`, from its own `/openapi.json`, which is read once. */
export function contractAt(origin: string): Promise<HttpContract> {
  const known = contracts.get(origin) ?? read(origin)
  contracts.set(origin, known)
  return known
}

/** `fetch` that checks the answer against the server's own document.
 *  @throws ContractViolation when the answer violates the document. */
export async function checkedFetch(input: string, init: RequestInit = {}): Promise<Response> {
  const { origin, pathname, search } = new URL(input)
  const contract = await contractAt(origin)
  const response = await fetch(input, init)
  const problem = isDocumentation(pathname)
    ? null
    : contract.problem({
        method: init.method ?? 'GET',
        path: pathname + search,
        status: response.status,
        type: response.headers.get('content-type') ?? '',
        text: await response.clone().text()
      })
  if (problem !== null) throw new ContractViolation(problem)
  return response
}

/** `fetch` from a server that is still starting and has no document yet. An error must have a problem body.
 *  @throws ContractViolation when it has none. */
export async function fetchWhileStarting(input: string): Promise<Response> {
  const response = await fetch(input)
  const type = response.headers.get('content-type') ?? ''
  if (response.status >= 400 && !type.includes('application/problem+json')) {
    throw new ContractViolation(`${input} answered ${response.status} with ${type}`)
  }
  return response
}

/** A `ws` socket that checks its frames. A violation is thrown out of a listener, so that the test fails. Violations are
 *  an event or a close code outside the contract, and an `ack` for a command that violates the contract. */
export class CheckedSocket extends WebSocket {
  readonly #violations = new Map<unknown, string>()

  constructor(address: string, protocols: string | string[] = [], options: ClientOptions = {}) {
    super(address, protocols, options)
    this.on('message', data => this.#check(String(data)))
    this.on('close', code => throwIfAny(closeProblem(code)))
  }

  override send(data: string | Buffer, ...rest: []): void {
    const problem = typeof data === 'string' ? commandProblem(data) : null
    if (problem !== null) this.#violations.set(refOf(String(data)), problem)
    super.send(data, ...rest)
  }

  #check(text: string): void {
    throwIfAny(eventProblem(text))
    const { type, ref } = JSON.parse(text)
    const problem = type === 'ack' && ref !== null ? this.#violations.get(ref) : undefined
    throwIfAny(problem === undefined ? null : `the server acknowledged ${problem}`)
  }
}

/** A proxy for clients that are not JavaScript. It forwards to `target`, and answers 502 for a violation of the
 *  contract. */
export async function checkingProxy(t: Test, target: string): Promise<string> {
  const proxy = createServer(async (request, response) => {
    const { method = 'GET', url = '', headers } = request
    const { host, connection, 'content-length': _, ...kept } = headers as Record<string, string>
    const sent = await buffer(request)
    const init = { method, headers: kept, ...(sent.length > 0 ? { body: sent } : {}) }
    const answer = await checkedFetch(target + url, init).catch(error => new Response(String(error), { status: 502 }))
    const type = answer.headers.get('content-type')
    response.writeHead(answer.status, type === null ? {} : { 'content-type': type }).end(await answer.text())
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.teardown(() => proxy.close())
  const address = proxy.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

async function read(origin: string): Promise<HttpContract> {
  const response = await fetch(`${origin}/openapi.json`)
  return httpContract((await response.json()) as Document)
}

function isDocumentation(path: string): boolean {
  return path.startsWith('/docs') || ['/openapi.json', '/asyncapi.json'].includes(path)
}

function throwIfAny(problem: string | null): void {
  if (problem !== null) throw new ContractViolation(problem)
}

function refOf(text: string): unknown {
  try {
    return JSON.parse(text)?.ref
  } catch {
    return undefined
  }
}
