import { connect, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { ContractViolation, contractAt } from '../contract/checked.ts'

/** One HTTP answer. Header names are in lower case. */
export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Opens a connection to the server at `url`, and sends `bytes` unchanged; a string as latin1. */
export function openRaw(url: string, bytes: string | Buffer): Socket {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname, () =>
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  )
  return socket.on('error', () => undefined)
}

/** Sends `bytes`. Resolves with all answers once the server has closed the connection.
 *  @throws ContractViolation when the first final answer violates the server's document. */
export async function exchange(url: string, bytes: string | Buffer): Promise<RawAnswer[]> {
  const answers = readAnswers(await readToEnd(openRaw(url, bytes)))
  const [first] = answers.filter(({ status }) => status >= 200)
  const [, method = '', path = ''] = /^\s*([A-Z]+) (?:http:\/\/x)?([!-~]+) HTTP\/1/.exec(bytes.toString('latin1')) ?? []
  if (first === undefined) return answers
  const { status, headers, body } = first
  const type = headers['content-type'] ?? ''
  const problem = (await contractAt(url)).problem({ method, path, status, type, text: body })
  if (problem !== null) throw new ContractViolation(problem)
  return answers
}

/** Everything that is received until the connection ends or breaks. */
export async function readToEnd(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', chunk => chunks.push(chunk))
  await buffer(socket).catch(() => undefined)
  return Buffer.concat(chunks)
}

/** The answers in `bytes`, in order, interim ones included.
 *  @throws Error for bytes that are not HTTP/1.1. */
function readAnswers(bytes: Buffer): RawAnswer[] {
  const answers: RawAnswer[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf('\r\n\r\n', at)
    const [first = '', ...lines] = bytes.toString('latin1', at, end).split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1])
    if (end < 0 || !Number.isInteger(status))
      throw new Error(`not an HTTP/1.1 answer: ${bytes.toString('latin1', at, at + 80)}`)

    const headers = Object.fromEntries(
      lines.map(line => [line.replace(/:.*/, '').toLowerCase(), line.replace(/^.*?: */, '')])
    )
    const length = Number(headers['content-length'] ?? 0)
    answers.push({ status, headers, body: bytes.toString('utf8', end + 4, end + 4 + length) })
    at = end + 4 + length
  }
  return answers
}

/** A request as text. `Connection: close` and the length of `body` are added unless `headers` has them. */
export function request(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body = ''
): string {
  const all = {
    Host: 'x',
    Connection: 'close',
    ...(body === '' ? {} : { 'Content-Length': `${body.length}` }),
    ...headers
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
  return `${[`${method} ${path} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n${body}`
}

/** The code of the problem body in an answer. */
export function codeOf(answer: RawAnswer | undefined): unknown {
  return JSON.parse(answer?.body ?? '{}').code
}
