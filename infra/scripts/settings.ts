import { writeFile } from 'node:fs/promises'
import { describeEnv } from '@rendezvous/env'
import { StandaloneVariables } from '@rendezvous/standalone/config'

const EXAMPLE = new URL('../../.env.example', import.meta.url)

/** The text of .env.example: every variable with its description and default, commented out. */
export function settingsExample(): string {
  const head =
    '# All settings with their defaults. Generated from the config schemas by `npm run docs`.\n# Durations: 500ms, 30s, 5m, 1h, 14d.\n'
  const rows = describeEnv(StandaloneVariables).map(
    ({ name, default: preset, description }) => `\n# ${description}\n#${name}=${preset ?? ''}\n`
  )
  return head + rows.join('')
}

if (process.argv[1] === import.meta.filename) await writeFile(EXAMPLE, settingsExample())
