import type { Backend, Claims, CommandResult } from '@rendezvous/contract'

/** Executes `commands` of one user in one call, and answers the results in the order of the commands. */
export async function executed(
  backend: Pick<Backend, 'execute'>,
  claims: Claims,
  ...commands: readonly object[]
): Promise<CommandResult[]> {
  const results: CommandResult[] = []
  const issued = commands.map(command => ({ claims, command: command as never }))
  await backend.execute(issued, (index, result) => {
    results[index] = result
  })
  return results
}
