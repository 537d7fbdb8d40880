import { booleanWords } from '@rendezvous/contract'
import type { ObjectSchema } from './body.ts'
import type { FieldSchema } from './reading.ts'
import { djangoWords } from './scalar.ts'

/** A JSON Schema in a document. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** No text holds U+0000. */
const STORABLE = '^[^\\u0000]*$'
/** And one that must not be empty has more than white space, which a reader drops around it. */
const NOT_BLANK = '^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$'

/** Where a lenient reader finds what it reads: a JSON body, a form, or an address. */
export type Place = 'json' | 'form' | 'query'

/** What a lenient body reader takes, as a schema: what is refused by it is refused by the reader. Aliases are left out. */
export function lenientBody(schema: ObjectSchema, place: 'json' | 'form'): JsonSchema {
  const required: readonly string[] = schema.required ?? []
  const fields = Object.entries(schema.properties).map(([name, field]) => {
    const ways = lenientField(name, field, place)
    const isDue = required.includes(name)
    const isAllThereIs = place === 'json' || isDue || field.type === 'string'
    return [name, isAllThereIs ? ways : orLeftEmpty(ways)]
  })
  return { type: 'object', ...(required.length > 0 ? { required } : {}), properties: Object.fromEntries(fields) }
}

/** What a lenient reader takes for the field `name`, as a schema. */
export function lenientField(name: string, field: FieldSchema & { description?: string }, place: Place): JsonSchema {
  const ways = unique(waysToSay(name, field, place))
  const { description } = field
  return { ...(ways.length === 1 ? ways[0] : { anyOf: ways }), ...(description === undefined ? {} : { description }) }
}

function waysToSay(name: string, field: FieldSchema, place: Place): JsonSchema[] {
  const { anyOf = [] } = field
  if (anyOf.some(branch => branch.type === 'null')) {
    const rest = anyOf.filter(branch => branch.type !== 'null')
    const isText = rest.every(branch => branch.type === 'string' && branch.format === undefined)
    const nothing = [...(place === 'json' ? [{ type: 'null' }] : []), ...(isText ? [] : [{ const: '' }])]
    return [
      ...(rest.length === 1 ? waysToSay(name, rest[0] ?? {}, place) : waysToSay(name, { anyOf: rest }, place)),
      ...nothing
    ]
  }
  if (anyOf.length > 0) return anyOf.flatMap(branch => waysToSay(name, branch, place))
  if (field.enum !== undefined) return field.enum.flatMap(value => choice(value))
  if (field.const !== undefined) return choice(field.const)
  if (field.format === 'email') return [plain(field), { type: 'string', pattern: padded('') }]
  return [plain(field), ...waysOfType(name, field, place)]
}

function waysOfType(name: string, field: FieldSchema, place: Place): JsonSchema[] {
  if (field.type === 'integer') return place === 'json' ? [digits(field), idObject(field)] : [digits(field)]
  if (field.type === 'boolean') return words({ ...djangoWords, ...booleanWords[name] })
  if (field.type === 'string') return [...(isFree(field) ? [{ type: 'number' }] : []), ...spelled(field)]
  if (field.type !== 'array' || field.items === undefined) return []
  return [...waysToSay(name, field.items, place), { type: 'string', pattern: '^\\s*\\[' }]
}

/** The field itself, with the bounds that its reader gives to what has none. */
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

/** A number that counts from 1 is an id. */
function digits({ minimum, maximum = Number.MAX_SAFE_INTEGER }: FieldSchema): JsonSchema {
  const number = minimum === 1 ? `\\+?0*${upTo(maximum)}` : `[+-]?0*(0|${upTo(maximum)})`
  return { type: 'string', pattern: padded(`${number}(\\.0*)?`) }
}

/** A pattern of the numbers from 1 to `maximum`: shorter ones, and those that are less from some digit on. */
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

/** A whole object put back where its id is due. */
function idObject(field: FieldSchema): JsonSchema {
  return { type: 'object', required: ['id'], properties: { id: { anyOf: [plain(field), digits(field)] } } }
}

function words(known: Readonly<Record<string, boolean>>): JsonSchema[] {
  const anyCase = Object.keys(known).map(word => word.replace(/[a-z]/g, letter => `[${letter}${letter.toUpperCase()}]`))
  return [{ enum: Object.keys(known) }, { type: 'string', pattern: padded(`(${anyCase.join('|')})`) }, { enum: [0, 1] }]
}

/** Whether a text has no form of its own, so that a number's digits can be it. */
function isFree({ format }: FieldSchema): boolean {
  return format === undefined || format === 'password'
}

/** Other ways to write a format: a uuid may come without its hyphens, a day without its zeros. */
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

/** `schema`, or a text with nothing in it: an optional field that was left empty. */
export function orLeftEmpty(schema: JsonSchema): JsonSchema {
  const { description, anyOf, ...only } = schema
  const ways = Array.isArray(anyOf) ? (anyOf as JsonSchema[]) : [only]
  return { anyOf: unique([...ways, { const: '' }]), ...(description === undefined ? {} : { description }) }
}

function unique(schemas: readonly JsonSchema[]): JsonSchema[] {
  return [...new Map(schemas.map(schema => [JSON.stringify(schema), schema])).values()]
}
