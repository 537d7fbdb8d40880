import { booleanWords } from '@rendezvous/contract'
import type { ObjectSchema } from './body.ts'
import type { FieldSchema } from './reading.ts'
import { djangoWords } from './scalar.ts'

/** A JSON Schema in a document. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** Text without U+0000. */
const STORABLE = '^[^\\u0000]*$'
/** The same with more than white space, because a reader trims a text before it checks that it is not empty. */
const NOT_BLANK = '^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$'

/** The source of a lenient reader: a JSON body, a form, or a query string. */
export type Place = 'json' | 'form' | 'query'

/** The schema of what a lenient body reader accepts. The reader refuses whatever the schema refuses. Aliases are
 *  left out. */
export function lenientBody(schema: ObjectSchema, place: 'json' | 'form'): JsonSchema {
  const required: readonly string[] = schema.required ?? []
  const fields = Object.entries(schema.properties).map(([name, field]) => {
    const variants = lenientField(name, field, place)
    const isRequired = required.includes(name)
    const mayNotBeEmpty = place === 'json' || isRequired || field.type === 'string'
    return [name, mayNotBeEmpty ? variants : orEmpty(variants)]
  })
  return { type: 'object', ...(required.length > 0 ? { required } : {}), properties: Object.fromEntries(fields) }
}

/** The schema of what a lenient reader accepts for the field `name`. */
export function lenientField(name: string, field: FieldSchema & { description?: string }, place: Place): JsonSchema {
  const variants = unique(variantsOf(name, field, place))
  const { description } = field
  return {
    ...(variants.length === 1 ? variants[0] : { anyOf: variants }),
    ...(description === undefined ? {} : { description })
  }
}

function variantsOf(name: string, field: FieldSchema, place: Place): JsonSchema[] {
  const { anyOf = [] } = field
  if (anyOf.some(branch => branch.type === 'null')) {
    const rest = anyOf.filter(branch => branch.type !== 'null')
    const isText = rest.every(branch => branch.type === 'string' && branch.format === undefined)
    const nothing = [...(place === 'json' ? [{ type: 'null' }] : []), ...(isText ? [] : [{ const: '' }])]
    return [
      ...(rest.length === 1 ? variantsOf(name, rest[0] ?? {}, place) : variantsOf(name, { anyOf: rest }, place)),
      ...nothing
    ]
  }
  if (anyOf.length > 0) return anyOf.flatMap(branch => variantsOf(name, branch, place))
  if (field.enum !== undefined) return field.enum.flatMap(value => choice(value))
  if (field.const !== undefined) return choice(field.const)
  if (field.format === 'email') return [plain(field), { type: 'string', pattern: padded('') }]
  return [plain(field), ...variantsOfType(name, field, place)]
}

function variantsOfType(name: string, field: FieldSchema, place: Place): JsonSchema[] {
  if (field.type === 'integer') return place === 'json' ? [digits(field), idObject(field)] : [digits(field)]
  if (field.type === 'boolean') return words({ ...djangoWords, ...booleanWords[name] })
  if (field.type === 'string') return [...(isFree(field) ? [{ type: 'number' }] : []), ...spelled(field)]
  if (field.type !== 'array' || field.items === undefined) return []
  return [...variantsOf(name, field.items, place), { type: 'string', pattern: '^\\s*\\[' }]
}

/** The field's own schema, with the bounds that its reader adds where the schema has none. */
function plain(field: FieldSchema): JsonSchema {
  const { description, $id, ...rest } = field as JsonSchema
  if (rest.type === 'integer') return { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER, ...rest }
  const isAnyText = rest.type === 'string' && rest.pattern === undefined && isFree(field)
  if (!isAnyText) return rest
  return { ...rest, pattern: typeof rest.minLength === 'number' && rest.minLength > 0 ? NOT_BLANK : STORABLE }
}

function choice(value: unknown): JsonSchema[] {
  return [{ const: value }, ...(typeof value === 'string' ? [{ type: 'string', pattern: padded(value) }] : [])]
}

/** The digits of a number as text. A minimum of 1 marks an id. */
function digits({ minimum, maximum = Number.MAX_SAFE_INTEGER }: FieldSchema): JsonSchema {
  const number = minimum === 1 ? `\\+?0*${upTo(maximum)}` : `[+-]?0*(0|${upTo(maximum)})`
  return { type: 'string', pattern: padded(`${number}(\\.0*)?`) }
}

/** A pattern of the numbers from 1 to `maximum`: those with fewer digits, and those with a smaller digit at some
 *  place. */
function upTo(maximum: number): string {
  const all = String(maximum)
  const shorter = all.length > 1 ? [`[1-9]\\d{0,${all.length - 2}}`] : []
  const less = [...all].flatMap((digit, at) => {
    const least = at === 0 ? 1 : 0
    return Number(digit) > least
      ? [`${all.slice(0, at)}[${least}-${Number(digit) - 1}]\\d{${all.length - at - 1}}`]
      : []
  })
  return `(${[...shorter, ...less, all].join('|')})`
}

/** An object in place of its id. */
function idObject(field: FieldSchema): JsonSchema {
  return { type: 'object', required: ['id'], properties: { id: { anyOf: [plain(field), digits(field)] } } }
}

function words(known: Readonly<Record<string, boolean>>): JsonSchema[] {
  const anyCase = Object.keys(known).map(word => word.replace(/[a-z]/g, letter => `[${letter}${letter.toUpperCase()}]`))
  return [{ enum: Object.keys(known) }, { type: 'string', pattern: padded(`(${anyCase.join('|')})`) }, { enum: [0, 1] }]
}

/** Whether the text has no format, so that the digits of a number are accepted. */
function isFree({ format }: FieldSchema): boolean {
  return format === undefined || format === 'password'
}

/** Other spellings of a format: a uuid without hyphens, a date without leading zeros. */
const spellings: Readonly<Record<string, string>> = {
  uuid: '[0-9a-fA-F]{32}',
  date: `[1-9]\\d{3}-(${[
    '(0?[13578]|1[02])-(0?[1-9]|[12]\\d|3[01])',
    '(0?[469]|11)-(0?[1-9]|[12]\\d|30)',
    '0?2-(0?[1-9]|1\\d|2[0-8])'
  ].join('|')})`
}

function spelled({ format = '' }: FieldSchema): JsonSchema[] {
  const spelling = spellings[format]
  return spelling === undefined ? [] : [{ type: 'string', pattern: padded(spelling) }]
}

function padded(pattern: string): string {
  return `^\\s*${pattern}\\s*$`
}

/** `schema` or an empty text, for an optional field. */
export function orEmpty(schema: JsonSchema): JsonSchema {
  const { description, anyOf, ...only } = schema
  const variants = Array.isArray(anyOf) ? (anyOf as JsonSchema[]) : [only]
  return { anyOf: unique([...variants, { const: '' }]), ...(description === undefined ? {} : { description }) }
}

function unique(schemas: readonly JsonSchema[]): JsonSchema[] {
  return [...new Map(schemas.map(schema => [JSON.stringify(schema), schema])).values()]
}
