import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
// biome-ignore lint/correctness/useImportExtensions: it is plain JavaScript, whose types stand beside it
import { bundle } from '../../infra/scripts/bundle.mjs'
import { type Remote, start } from './remote.ts'
import type { RoleName, Roles } from './roles/index.ts'

/** Starts the processes of a measurement. */
export interface Processes {
  start<Name extends RoleName>(
    role: Name,
    settings: Parameters<Roles[Name]>[0]
  ): Promise<Remote<Awaited<ReturnType<Roles[Name]>>>>
  /** Ends all processes that still run. */
  clear(): Promise<void>
  /** Ends all processes, and removes the bundled program. */
  close(): Promise<void>
}

/** Bundles the program that the processes run. With `profile`, each process writes a CPU profile to that folder. */
export async function openProcesses(profile?: string): Promise<Processes> {
  const folder = await mkdtemp(join(tmpdir(), 'rendezvous-bench-'))
  const program = await bundle(fileURLToPath(new URL('./child.ts', import.meta.url)), folder)
  const started: { stop(): Promise<void> }[] = []

  async function clear(): Promise<void> {
    await Promise.all(started.splice(0).map(each => each.stop()))
  }

  return {
    clear,
    async start(role, settings) {
      const remote = await start(role, settings, { program, profile })
      started.push(remote)
      return remote
    },
    async close() {
      await clear()
      await rm(folder, { recursive: true, force: true })
    }
  }
}
