import { invalid, limits, notFound } from '@rendezvous/contract'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Checked, ObjectSchema } from './body.ts'
import { fieldOf } from './field.ts'

/** Parameters whose bad values count as not sent, as Django REST framework's paginators have it. */
export const forgiving: ReadonlySet<string> = new Set(['page_size', 'limit'])

/** The reader of a path's parameters, ids and short texts: what is neither names nothing. */
export function pathReader(schema: ObjectSchema): (raw: unknown) => Checked {
  const slots = Object.entries(schema.properties).map(([name, field]) => ({ name, read: slotOf(field) }))
  return raw => {
    const value: Record<string, unknown> = {}
    for (const { name, read } of slots) {
      const found = read((raw as Record<string, string>)[name] ?? '')
      if (found === null) return { error: notFound() }
      value[name] = found
    }
    return { value }
  }
}

function slotOf(field: ObjectSchema['properties'][string]): (text: string) => number | string | null {
  const { type, maximum = 0 } = field
  if (type !== 'string') return text => idFrom(text, maximum)
  const text = Compile(field as TSchema)
  return given => (text.Check(given) ? given : null)
}

/** The reader of a query string: numbers are read from their digits, the last of repeated parameters counts, one that is left empty was not
 *  sent (as Django's paginators and filters have it), unknown ones are ignored. */
export function queryReader(schema: ObjectSchema): (raw: unknown) => Checked {
  const slots = Object.entries(schema.properties).map(([name, field]) => ({
    name,
    required: schema.required?.includes(name) ?? false,
    read: fieldOf(forgiving.has(name) ? { type: 'integer', minimum: 1 } : field, { name, lenient: true })
  }))
  return raw => {
    const errors = new Map<string, readonly string[]>()
    const values = new Map<string, unknown>()
    for (const { name, required, read } of slots) {
      const given = last((raw as Record<string, unknown>)[name])
      if (given === undefined || (given === '' && !required)) {
        if (required) errors.set(name, ['This field is required.'])
        continue
      }
      const reading = read(given)
      if (reading.ok) values.set(name, forgiving.has(name) ? clamp(reading.value) : reading.value)
      else if (!forgiving.has(name)) errors.set(name, reading.errors)
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
