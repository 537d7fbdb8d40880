import type { ObjectSchema } from './body.ts'
import { lenientBody } from './lenience.ts'

/** Member of an operation that says how its route reads, `lenient` or `strict`, until {@link documentBodies} has seen it. */
export const MANNER = 'x-manner'

/** A part of an OpenAPI document, as far as bodies go. */
interface Operation {
  [MANNER]?: string
  requestBody?: { required?: boolean; content: Record<string, { schema: { $ref?: string } }> }
}
interface Document {
  readonly paths?: object
  readonly components?: { schemas?: object }
}

const HOME = '#/components/schemas/'

/**
 * `document` with the bodies of its operations as they are read: left out where no field is required, and on lenient routes in every
 * type and wording that those take. Patterns that few engines but JavaScript's read (`\p{L}`) are dropped: what breaks them is refused all
 * the same.
 */
export function documentBodies<T extends Document>(document: T): T {
  const schemas = (document.components?.schemas ?? {}) as Record<string, object>
  const operations = Object.values(document.paths ?? {}).flatMap(methods => Object.values(methods) as Operation[])
  for (const operation of new Set(operations)) {
    const manner = operation[MANNER]
    delete operation[MANNER]
    const name = operation.requestBody?.content['application/json']?.schema.$ref?.slice(HOME.length)
    const schema = schemas[name ?? ''] as ObjectSchema | undefined
    if (operation.requestBody === undefined || name === undefined || schema === undefined) continue

    operation.requestBody.required = (schema.required ?? []).length > 0
    if (manner !== 'lenient') continue
    schemas[`Lenient${name}`] = lenientBody(schema, 'json')
    schemas[`Form${name}`] = lenientBody(schema, 'form')
    const form = { schema: { $ref: `${HOME}Form${name}` } }
    operation.requestBody.content = {
      'application/json': { schema: { $ref: `${HOME}Lenient${name}` } },
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
