import { fieldText, invalid, limits, notFound } from '@rendezvous/contract'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Checked, ObjectSchema } from './body.ts'
import { fieldOf } from './field.ts'

/** Parameters whose invalid values are ignored, as in Django REST framework's paginators. */
export const ignoredIfInvalid: ReadonlySet<string> = new Set(['page_size', 'limit'])

/** The reader of path parameters: ids and short texts. Any other value is answered with 404. */
export function pathReader(schema: ObjectSchema): (raw: unknown) => Checked {
  const parameters = Object.entries(schema.properties).map(([name, field]) => ({ name, read: parameterReader(field) }))
  return raw => {
    const value: Record<string, unknown> = {}
    for (const { name, read } of parameters) {
      const found = read((raw as Record<string, string>)[name] ?? '')
      if (found === null) return { error: notFound() }
      value[name] = found
    }
    return { value }
  }
}

function parameterReader(field: ObjectSchema['properties'][string]): (text: string) => number | string | null {
  const { type, maximum = 0 } = field
  if (type !== 'string') return text => idFrom(text, maximum)
  const text = Compile(field as TSchema)
  return given => (text.Check(given) ? given : null)
}

/** The reader of a query string. Numbers are read from their digits. The last of repeated parameters counts. An empty
 *  optional parameter counts as absent, as in Django's paginators and filters. Unknown parameters are ignored. */
export function queryReader(schema: ObjectSchema): (raw: unknown) => Checked {
  const parameters = Object.entries(schema.properties).map(([name, field]) => ({
    name,
    required: schema.required?.includes(name) ?? false,
    read: fieldOf(ignoredIfInvalid.has(name) ? { type: 'integer', minimum: 1 } : field, { name, lenient: true })
  }))
  return raw => {
    const errors = new Map<string, readonly string[]>()
    const values = new Map<string, unknown>()
    for (const { name, required, read } of parameters) {
      const given = last((raw as Record<string, unknown>)[name])
      if (given === undefined || (given === '' && !required)) {
        if (required) errors.set(name, [fieldText('required')])
        continue
      }
      const reading = read(given)
      if (reading.ok) values.set(name, ignoredIfInvalid.has(name) ? clamp(reading.value) : reading.value)
      else if (!ignoredIfInvalid.has(name)) errors.set(name, reading.errors)
    }
    return errors.size > 0 ? { error: invalid(Object.fromEntries(errors)) } : { value: Object.fromEntries(values) }
  }
}

function idFrom(text: string, maximum: number): number | null {
  const id = /^\d{1,20}$/.test(text) ? Number(text) : 0
  return id >= 1 && id <= maximum ? id : null
}

function last(given: unknown): unknown {
  return Array.isArray(given) ? given.at(-1) : given
}

function clamp(size: unknown): number {
  return Math.min(Number(size), limits.pageSizeMax)
}
