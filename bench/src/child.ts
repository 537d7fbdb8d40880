/** The entry of a process with one role: it answers the calls of its parent, and ends when the parent disconnects. */
import type { Call, Reply } from './remote.ts'
import { roles } from './roles/index.ts'

const [name = '', settings = '{}'] = process.argv.slice(2)
const open: ((settings: never) => unknown) | undefined = Object.hasOwn(roles, name)
  ? roles[name as keyof typeof roles]
  : undefined
if (open === undefined) throw new TypeError(`${name} is not a role: roles/index.ts lists the roles`)

const role = (await open(JSON.parse(settings) as never)) as Record<string, (...argument: unknown[]) => unknown>

process.once('disconnect', () => process.exit(0))
process.on('message', (call: Call) => void answer(call))
reply({ id: 0, value: null })

async function answer({ id, method, argument }: Call): Promise<void> {
  try {
    reply({ id, value: await role[method]?.(...argument) })
  } catch (error) {
    reply({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
}

function reply(message: Reply): void {
  process.send?.(message)
}
