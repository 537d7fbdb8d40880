import { once } from 'node:events'
import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { Test } from 'tap'
import WebSocket from 'ws'
import { type Document, type HttpContract, httpContract } from './answers.ts'
import { closeProblem, commandProblem, eventProblem } from './frames.ts'

/** A server broke the contract. */
export class ContractBroken extends Error {}

const contracts = new Map<string, Promise<HttpContract>>()

/** What the server at `origin` promises in its own `/openapi.json`, read once. */
export function contractAt(origin: string): Promise<HttpContract> {
  const known = contracts.get(origin) ?? read(origin)
  contracts.set(origin, known)
  return known
}

/** `fetch`, which rejects with {@link ContractBroken} when the answer is not what the server's own document promises. */
export async function witnessedFetch(input: string, init: RequestInit = {}): Promise<Response> {
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
  if (problem !== null) throw new ContractBroken(problem)
  return response
}

/** A `ws` socket that throws {@link ContractBroken} out of its listener, and so fails the test, for an event that the contract does not
 *  have, for a command that breaks the contract and is carried out all the same, and for a close code of no meaning. */
export class WitnessedSocket extends WebSocket {
  readonly #broken = new Map<unknown, string>()

  constructor(address: string, protocols: string | string[] = []) {
    super(address, protocols)
    this.on('message', data => this.#hear(String(data)))
    this.on('close', code => complain(closeProblem(code)))
  }

  override send(data: string | Buffer, ...rest: []): void {
    const problem = typeof data === 'string' ? commandProblem(data) : null
    if (problem !== null) this.#broken.set(refOf(String(data)), problem)
    super.send(data, ...rest)
  }

  #hear(text: string): void {
    complain(eventProblem(text))
    const { type, ref } = JSON.parse(text)
    const problem = type === 'ack' && ref !== null ? this.#broken.get(ref) : undefined
    complain(problem === undefined ? null : `the server carried out ${problem}`)
  }
}

/** Hands the requests of programs that are no JavaScript on to the server at `target`; what it answers against the contract is answered with 502. */
export async function witnessingProxy(t: Test, target: string): Promise<string> {
  const proxy = createServer(async (request, response) => {
    const { method = 'GET', url = '', headers } = request
    const { host, connection, 'content-length': _, ...kept } = headers as Record<string, string>
    const sent = await buffer(request)
    const init = { method, headers: kept, ...(sent.length > 0 ? { body: sent } : {}) }
    const answer = await witnessedFetch(target + url, init).catch(error => new Response(String(error), { status: 502 }))
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

function complain(problem: string | null): void {
  if (problem !== null) throw new ContractBroken(problem)
}

function refOf(text: string): unknown {
  try {
    return JSON.parse(text)?.ref
  } catch {
    return undefined
  }
}
