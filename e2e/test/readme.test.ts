import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { eventProblem } from './contract/frames.ts'
import { witnessingProxy } from './contract/witness.ts'
import { startStandalone } from './standalone.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DEFAULT_URL = '127.0.0.1:8000'

t.test("every line of the README's tour does what it says", async t => {
  const server = await startStandalone(t.testdir())
  t.teardown(() => server.stop())
  const { tour } = await tourOf(await witnessingProxy(t, server.url))
  const { listener } = await tourOf(server.url)

  t.match(listener, /^node -e/)
  const [login = '', ...rest] = tour
  const listening = spawn('bash', ['-euo', 'pipefail', '-c', `${login}\nexec ${listener}`], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(() => listening.kill())
  const frames = createInterface(listening.stdout)[Symbol.asyncIterator]()
  await frame(frames, 'ready')

  const shell = spawn('bash', ['-euo', 'pipefail', '-c', [login, ...rest].join('\n')], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const printed: string[] = []
  shell.stdout.on('data', chunk => printed.push(String(chunk)))
  const [code] = await once(shell, 'close')

  t.equal(code, 0, 'no command of the tour failed')
  t.match(
    printed.join(''),
    /Hello Ben[\s\S]*Are you there\?[\s\S]*unread_count[\s\S]*"status":"ok"[\s\S]*While you were away[\s\S]*"ticket"/
  )
  t.match(await frame(frames, 'message_created'), { content: 'Hello Ben' })
  t.match(await frame(frames, 'message_created'), { content: 'Are you there?' })
})

/** The shell lines of the README, with the address `url`: the tour block by block, and the listener's. */
async function tourOf(url: string): Promise<{ tour: string[]; listener: string }> {
  const readme = await readFile(`${ROOT}/README.md`, 'utf8')
  const address = new URL(url).host
  const blocks = [...readme.matchAll(/^```sh( listen)?\n([\s\S]*?)^```$/gm)].map(([, listen, text = '']) => ({
    listen: listen !== undefined,
    text: text.replaceAll(DEFAULT_URL, address).trim()
  }))
  return {
    tour: blocks.filter(block => !block.listen).map(block => block.text),
    listener: blocks.find(block => block.listen)?.text ?? ''
  }
}

async function frame(lines: AsyncIterator<string>, type: string): Promise<Record<string, unknown>> {
  for (;;) {
    const { value, done } = await lines.next()
    if (done) throw new Error(`the listener ended before ${type}`)
    t.equal(eventProblem(value), null)
    const parsed = JSON.parse(value)
    if (parsed.type === type) return parsed
  }
}
