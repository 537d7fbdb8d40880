import type { TSchema } from 'typebox'
import { isDuration, readDuration, writeDuration } from './duration.ts'

/** The kinds of value a variable can hold. */
type Kind = 'integer' | 'number' | 'boolean' | 'string' | 'choice' | 'duration' | 'list'

/** The JSON Schema keywords that variables may use. `expected` replaces the generated text of `expectation`. */
interface Facets {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Facets[]
  readonly items?: TSchema
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly pattern?: string | RegExp
  readonly format?: string
  readonly expected?: string
}

/** The value of `text`, before the bounds of `schema` are checked; undefined when `text` is not of its type. */
export function readText(schema: TSchema, text: string): unknown {
  const trimmed = text.trim()
  switch (kindOf(schema)) {
    case 'integer':
      return readInteger(trimmed)
    case 'number':
      return /^[+-]?\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : undefined
    case 'boolean':
      return readBoolean(trimmed.toLowerCase())
    case 'duration':
      return readDuration(trimmed)
    case 'list':
      return readList(itemsOf(schema), trimmed)
    case 'choice':
      return trimmed
    case 'string':
      return text
  }
}

/** What a variable must be, as the end of a sentence "… must be". */
export function expectation(schema: TSchema): string {
  const facets: Facets = schema
  if (facets.expected !== undefined) return facets.expected
  const { minimum, maximum } = facets
  switch (kindOf(schema)) {
    case 'integer':
      return `an integer${range(minimum, maximum)}`
    case 'number':
      return `a number${range(minimum, maximum)}`
    case 'boolean':
      return 'true or false'
    case 'duration':
      return `a duration such as 500ms, 30s, 5m, 1h or 14d${range(minimum || undefined, maximum, writeDuration)}`
    case 'choice':
      return `one of ${choices(facets).join(', ')}`
    case 'list':
      return `a comma-separated list${range(facets.minItems, facets.maxItems, n => `${n} items`)}, each ${expectation(itemsOf(schema))}`
    case 'string':
      return describeString(facets)
  }
}

/** `value` as it is written in the environment. */
export function writeValue(schema: TSchema, value: unknown): string {
  if (Array.isArray(value)) return value.map(item => writeValue(itemsOf(schema), item)).join(',')
  return isDuration(schema) && typeof value === 'number' ? writeDuration(value) : String(value)
}

function kindOf(schema: TSchema): Kind {
  const facets: Facets = schema
  if (choices(facets).length > 0) return 'choice'
  if (isDuration(schema)) return 'duration'
  const { type } = facets
  if (type === 'integer' || type === 'number' || type === 'boolean' || type === 'string') return type
  if (type === 'array') return 'list'
  throw new TypeError(
    'an environment variable is an integer, number, boolean, string, choice of strings, duration or list'
  )
}

function choices({ const: only, enum: values = [], anyOf = [] }: Facets): string[] {
  const all = [only, ...values, ...anyOf.map(each => each.const)]
  return all.filter(each => typeof each === 'string')
}

function itemsOf(schema: TSchema): TSchema {
  const { items }: Facets = schema
  if (items === undefined) throw new TypeError('a list needs items')
  return items
}

function readInteger(text: string): number | undefined {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : undefined
  return Number.isSafeInteger(value) ? value : undefined
}

function readBoolean(text: string): boolean | undefined {
  if (text === 'true' || text === '1') return true
  return text === 'false' || text === '0' ? false : undefined
}

function readList(items: TSchema, text: string): unknown[] | undefined {
  const parts = text.split(',').map(part => part.trim())
  const values = parts.filter(part => part !== '').map(part => readText(items, part))
  return values.includes(undefined) ? undefined : values
}

function describeString({ minLength, maxLength, pattern, format }: Facets): string {
  const kind = format === undefined ? 'text' : `a text of format ${format}`
  const matching = pattern === undefined ? '' : ` matching ${pattern instanceof RegExp ? pattern.source : pattern}`
  return `${kind}${range(minLength, maxLength, n => `${n} characters`)}${matching}`
}

function range(min: number | undefined, max: number | undefined, write: (n: number) => string = String): string {
  if (min !== undefined && max !== undefined) return ` from ${write(min)} to ${write(max)}`
  if (min !== undefined) return ` of at least ${write(min)}`
  return max === undefined ? '' : ` of at most ${write(max)}`
}
