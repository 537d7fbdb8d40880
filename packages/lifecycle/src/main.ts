import { existsSync } from 'node:fs'
import { failureText } from './failure.ts'
import { shutdownSignal } from './signals.ts'

/** Loads the variables in `.env` of the working directory, if there is one. Variables that are set already win. */
export function loadEnvFile(): void {
  if (existsSync('.env')) process.loadEnvFile()
}

/** Runs a server: loads `.env`, then calls `run` with a signal that SIGINT and SIGTERM abort (see `shutdownSignal`).
 *  When `run` rejects with an error that the operator can fix, its text is printed and the process exits with code 1.
 *  @throws any other error of `run` */
export async function runMain(run: (shutdown: AbortSignal) => Promise<void>): Promise<void> {
  loadEnvFile()
  const shutdown = shutdownSignal()
  try {
    await run(shutdown)
  } catch (error) {
    const text = failureText(error, shutdown)
    if (text === null) throw error
    process.stderr.write(`${text}\n`)
    process.exit(1)
  }
}
