import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Fixture } from '../../apps/import/test/databases.ts'

const START = fileURLToPath(new URL('../../infra/scripts/start.mjs', import.meta.url))
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The exit code and the output of a run. */
export interface ImportRun {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs `npm run import:django` with `args`. Calls `onMessages` when the import of messages begins. */
export async function importDjango(
  args: readonly string[],
  env: Record<string, string>,
  onMessages: (child: ChildProcess) => void = () => {}
): Promise<ImportRun> {
  const child = spawn(process.execPath, [START, 'import', ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const printed = { out: '', err: '' }
  child.stdout.on('data', chunk => {
    printed.out += chunk
  })
  createInterface({ input: child.stderr }).on('line', line => {
    if (line.startsWith('messages') && !printed.err.includes('\nmessages')) onMessages(child)
    printed.err += `${line}\n`
  })
  const [code] = await once(child, 'close')
  return { code, ...printed }
}

/** The arguments to import from the database at `url`, which holds `fixture`. */
export function from(url: string, fixture: Fixture): string[] {
  return ['--from', url, '--shape', fixture]
}
