import * as contract from '@rendezvous/contract'
import type { FastifyInstance } from 'fastify'
import type { TSchema } from 'typebox'

type Named = TSchema & { readonly $id: string }

/** Frames of the socket are documented apart from the routes. */
const ofTheSocket: ReadonlySet<unknown> = new Set([
  ...Object.values(contract.events),
  ...Object.values(contract.commands),
  contract.AckResult
])

/** The contract's schemas that requests and answers can name by `$ref`. */
const byId: ReadonlyMap<string, Named> = new Map(
  Object.values<unknown>(contract).flatMap(value =>
    isNamed(value) && !ofTheSocket.has(value) ? [[value.$id, value] as const] : []
  )
)

/** Makes the contract's schemas known to `app`, so that its routes can name them. */
export function addSchemas(app: FastifyInstance): void {
  for (const schema of byId.values()) app.addSchema(schema)
}

/** The contract's schema that `reference` (`User#`) names.
 *  @throws TypeError when there is none. */
export function schemaNamed(reference: string): TSchema {
  const schema = byId.get(reference.replace(/#$/, ''))
  if (schema === undefined) throw new TypeError(`the contract has no schema ${reference}`)
  return schema
}

function isNamed(value: unknown): value is Named {
  return typeof value === 'object' && value !== null && '$id' in value && typeof value.$id === 'string'
}
