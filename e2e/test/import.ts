import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Fixture } from '../../apps/import/test/databases.ts'

const START = fileURLToPath(new URL('../../infra/scripts/start.mjs', import.meta.url))
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** What became of a run. */
export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs the command, as `npm run import:django` does. `onMessages` is called when messages begin to come. */
export async function importDjango(
  args: readonly string[],
  env: Record<string, string>,
  onMessages: (child: ChildProcess) => void = () => {}
): Promise<Ran> {
  const child = spawn(process.execPath, [START, 'import', ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const said = { out: '', err: '' }
  child.stdout.on('data', chunk => {
    said.out += chunk
  })
  createInterface({ input: child.stderr }).on('line', line => {
    if (line.startsWith('messages') && !said.err.includes('\nmessages')) onMessages(child)
    said.err += `${line}\n`
  })
  const [code] = await once(child, 'close')
  return { code, ...said }
}

/** The arguments for moving out of a database that holds `fixture`. */
export function from(url: string, fixture: Fixture): string[] {
  return ['--from', url, '--shape', fixture]
}
