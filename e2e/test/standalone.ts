import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const START = fileURLToPath(new URL('../../infra/scripts/start.mjs', import.meta.url))
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** A process of its own that runs what `npm start` runs, on a free port. */
export interface Standalone {
  readonly url: string
  /** Everything it printed so far, both streams. */
  readonly output: () => string
  /** Ctrl-C; resolves with the exit code once it is gone. */
  stop(): Promise<number | null>
  /** kill -9; resolves once it is gone. */
  kill(): Promise<void>
}

/** Starts the product on the data in `folder` and waits until it says that it is ready. @throws Error with its output when it ends before that. */
export async function startStandalone(folder: string, env: Record<string, string> = {}): Promise<Standalone> {
  const { child, output, lines } = spawnStandalone(folder, env)
  const gone = once(child, 'exit')

  for await (const line of lines) {
    const url = /Rendezvous is ready on (http:\S+)/.exec(line)?.[1]
    if (url === undefined) continue
    lines.resume()
    return {
      url,
      output,
      stop: async () => {
        child.kill('SIGINT')
        const [code] = await gone
        return code
      },
      kill: async () => {
        child.kill('SIGKILL')
        await gone
      }
    }
  }
  await gone
  throw new Error(`it ended with ${child.exitCode} before it was ready:\n${output()}`)
}

/** Starts it where it is expected to refuse; resolves with the exit code and what it printed. */
export async function refusedStandalone(
  folder: string,
  env: Record<string, string>
): Promise<{ code: number | null; output: string }> {
  const { child, output, lines } = spawnStandalone(folder, env)
  lines.resume()
  await once(child, 'close')
  return { code: child.exitCode, output: output() }
}

function spawnStandalone(folder: string, env: Record<string, string>) {
  const child: ChildProcess = spawn(process.execPath, [START], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, PORT: '0', DATA_DIR: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  if (child.stdout === null || child.stderr === null) throw new Error('no pipes')
  const printed: string[] = []
  const keep = (chunk: unknown) => printed.push(String(chunk))
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  return { child, output: () => printed.join(''), lines: createInterface(child.stdout) }
}
