import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { checkingProxy } from './contract/checked.ts'
import { eventProblem } from './contract/frames.ts'
import { startStandalone } from './standalone.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DEFAULT_URL = '127.0.0.1:8000'

t.test("every command of the README's tour works as described", async t => {
  const server = await startStandalone(t.testdir())
  t.teardown(() => server.stop())
  const { tour } = await tourOf(await checkingProxy(t, server.url))
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
  for (const line of printed.join('').split('\n')) t.notMatch(line, /\}\{/, 'each answer has a line of its own')
  t.match(await frame(frames, 'message_created'), { content: 'Hello Ben' })
  t.match(await frame(frames, 'message_created'), { content: 'Are you there?' })
})

t.test("a command of the README's tour that fails shows the answer", async t => {
  const server = await startStandalone(t.testdir(), { TRUST_PROXY: '127.0.0.1' }) // so there are no demo accounts
  t.teardown(() => server.stop())
  const [login = ''] = (await tourOf(server.url)).tour
  const shell = spawn('bash', ['-euo', 'pipefail', '-c', login], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  const shown: string[] = []
  shell.stderr.on('data', chunk => shown.push(String(chunk)))
  const [code] = await once(shell, 'close')

  t.not(code, 0)
  t.match(shown.join(''), /401[\s\S]*"code":"no_active_account"/)
})

/** The shell commands of the README with the address of `url`: the tour block by block, and the listener's command. */
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
