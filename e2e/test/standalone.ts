import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const START = fileURLToPath(new URL('../../infra/scripts/start.mjs', import.meta.url))
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const NODE_START = { command: process.execPath, args: [START], detached: false }
/** In its own process group, as in a terminal. */
const NPM_START = { command: 'npm', args: ['start'], detached: true }

/** A separate process that runs what `npm start` runs, on a free port. */
export interface Standalone {
  readonly url: string
  /** Everything that the process printed so far, on both streams. */
  readonly output: () => string
  readonly pid: number
  /** Sends SIGINT, or `signal`. Resolves with the exit code once the process has ended. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
  /** Sends SIGKILL. Resolves once the process has ended. */
  kill(): Promise<void>
  /** Resolves with the exit code once the process has ended. */
  readonly gone: Promise<number | null>
}

/** Starts the product on the data in `folder`, and resolves when it reports that it is ready.
 *  @throws Error with its output when it ends before that. */
export function startStandalone(folder: string, env: Record<string, string> = {}): Promise<Standalone> {
  return becomeReady(spawnStandalone(folder, env))
}

/** Starts the product by `npm start`, in its own process group. */
export function npmStart(folder: string): Promise<Standalone> {
  return becomeReady(spawnStandalone(folder, {}, NPM_START))
}

/** Resolves when the spawned process reports that it is ready.
 *  @throws Error with its output when it ends before that. */
export async function becomeReady({ child, output, lines }: ReturnType<typeof spawnStandalone>): Promise<Standalone> {
  const gone = once(child, 'exit')

  for await (const line of lines) {
    const url = /Rendezvous is ready on (http:\S+)/.exec(line)?.[1]
    if (url === undefined) continue
    lines.resume()
    return {
      url,
      pid: child.pid ?? 0,
      output,
      stop: async (signal = 'SIGINT') => {
        child.kill(signal)
        const [code] = await gone
        return code
      },
      kill: async () => {
        child.kill('SIGKILL')
        await gone
      },
      gone: gone.then(([code]) => code)
    }
  }
  await gone
  throw new Error(`the product ended with ${child.exitCode} before it was ready:\n${output()}`)
}

/** Starts the product where it must refuse to start. Resolves with its exit code and output. */
export async function refusedStandalone(
  folder: string,
  env: Record<string, string>
): Promise<{ code: number | null; output: string }> {
  const { child, output, lines } = spawnStandalone(folder, env)
  lines.resume()
  await once(child, 'close')
  return { code: child.exitCode, output: output() }
}

/** Starts the product without waiting. */
export function spawnStandalone(folder: string, env: Record<string, string>, { command, args, detached } = NODE_START) {
  const child: ChildProcess = spawn(command, args, {
    cwd: ROOT,
    detached,
    env: { PATH: process.env.PATH, PORT: '0', DATA_DIR: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  if (child.stdout === null || child.stderr === null) throw new Error('spawn with stdout and stderr as pipes')
  const printed: string[] = []
  const keep = (chunk: unknown) => printed.push(String(chunk))
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  return { child, output: () => printed.join(''), lines: createInterface(child.stdout) }
}
