import * as contract from '@rendezvous/contract'
import type { FastifyInstance } from 'fastify'
import type { TSchema } from 'typebox'

type Named = TSchema & { readonly $id: string }

/** The schemas of frames. `/asyncapi.json` documents them, not the routes. */
const socketSchemas: ReadonlySet<unknown> = new Set([
  ...Object.values(contract.events),
  ...Object.values(contract.commands),
  contract.AckResult
])

/** The contract's schemas that requests and answers can refer to, by `$id`. */
const byId: ReadonlyMap<string, Named> = new Map(
  Object.values<unknown>(contract).flatMap(value =>
    isNamed(value) && !socketSchemas.has(value) ? [[value.$id, value] as const] : []
  )
)

/** Adds the contract's schemas to `app`, so that its routes can refer to them. */
export function addSchemas(app: FastifyInstance): void {
  for (const schema of byId.values()) app.addSchema(schema)
}

/** The contract's schema for `reference`, e.g. `User#`.
 *  @throws TypeError for an unknown one. */
export function schemaNamed(reference: string): TSchema {
  const schema = byId.get(reference.replace(/#$/, ''))
  if (schema === undefined) throw new TypeError(`the contract has no schema ${reference}`)
  return schema
}

function isNamed(value: unknown): value is Named {
  return typeof value === 'object' && value !== null && '$id' in value && typeof value.$id === 'string'
}
