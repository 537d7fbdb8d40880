import { ApiError, type BackendCommand, backendCommands } from '@rendezvous/contract'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'

const validators = new Map(Object.entries<TSchema>(backendCommands).map(([type, schema]) => [type, Compile(schema)]))

/** Checks a command from a gateway, whose version may differ from this node's.
 *  @throws ApiError unknown_command for a type that this node does not know; invalid for an unknown field or one that
 *  does not fit its schema. A gateway of the same version never causes `invalid`. */
export function checkCommand(command: BackendCommand): void {
  const validator = validators.get(command.type)
  if (validator === undefined) throw new ApiError('unknown_command')
  if (!validator.Check(command)) throw new ApiError('invalid')
}
