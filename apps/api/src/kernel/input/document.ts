import type { ObjectSchema } from './body.ts'
import { lenientBody } from './lenience.ts'

/** Marks an operation as `lenient` or `strict`. {@link documentBodies} reads the mark and removes it. */
export const READ_MODE = 'x-read-mode'

/** The part of an OpenAPI document that holds request bodies. */
interface Operation {
  [READ_MODE]?: string
  requestBody?: { required?: boolean; content: Record<string, { schema: { $ref?: string } }> }
}
interface Document {
  readonly paths?: object
  readonly components?: { schemas?: object }
}

const SCHEMAS = '#/components/schemas/'

/**
 * `document` with the bodies of its operations as they are read. A body without required fields is optional. On lenient
 * routes it has every type and form that these accept. Patterns that few engines besides JavaScript's support (`\p{L}`)
 * are dropped from the document only: routes still check them.
 */
export function documentBodies<T extends Document>(document: T): T {
  const schemas = (document.components?.schemas ?? {}) as Record<string, object>
  const operations = Object.values(document.paths ?? {}).flatMap(methods => Object.values(methods) as Operation[])
  for (const operation of new Set(operations)) {
    const mode = operation[READ_MODE]
    delete operation[READ_MODE]
    const name = operation.requestBody?.content['application/json']?.schema.$ref?.slice(SCHEMAS.length)
    const schema = schemas[name ?? ''] as ObjectSchema | undefined
    if (operation.requestBody === undefined || name === undefined || schema === undefined) continue

    operation.requestBody.required = (schema.required ?? []).length > 0
    if (mode !== 'lenient') continue
    schemas[`Lenient${name}`] = lenientBody(schema, 'json')
    schemas[`Form${name}`] = lenientBody(schema, 'form')
    const form = { schema: { $ref: `${SCHEMAS}Form${name}` } }
    operation.requestBody.content = {
      'application/json': { schema: { $ref: `${SCHEMAS}Lenient${name}` } },
      'application/x-www-form-urlencoded': form,
      'multipart/form-data': form
    }
  }
  return withoutUnicodePatterns(document) as T
}

function withoutUnicodePatterns(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(withoutUnicodePatterns)
  if (typeof part !== 'object' || part === null) return part
  const kept = Object.entries(part).filter(([name, value]) => name !== 'pattern' || !/\\p\{/i.test(String(value)))
  return Object.fromEntries(kept.map(([name, value]) => [name, withoutUnicodePatterns(value)]))
}
