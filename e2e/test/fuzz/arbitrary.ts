import fc from 'fast-check'

/** The keywords of JSON Schema in the documents of the product. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly pattern?: string
  readonly format?: string
}

/** What values are generated from: schemas by reference, and known values by the name of a field. */
export interface ValueSource {
  resolve(schema: Schema): Schema
  known(name: string): readonly unknown[]
}

const LONGEST = 60
const LONGEST_LIST = 4

/** Texts that often reveal bugs in servers. */
const hostile = [
  ...[
    '',
    ' ',
    '\0',
    'a\0b',
    '\ud800',
    '\u202e',
    '\u200b',
    '\ufeff',
    '😀',
    'e\u0301',
    'İ',
    'ﬀ',
    'null',
    'undefined',
    'NaN'
  ],
  ...["'", "';--", '" or 1=1', '%', '_%', '\\', '{{7*7}}', '<script>', '../../etc/passwd', '\r\nX: y', '%00', '%zz'],
  ...['0', '-1', '1e9', '9007199254740993', '0x10', '1.5', '+1', ' 1 ', 'true', '[]', '{}', '__proto__', 'constructor']
]
const edges = [0, -1, 1, 1.5, 1e9, -1e9, 2 ** 31, 2 ** 31 - 1, 2 ** 53, 2 ** 53 - 1, 1e308, -0]

/** Any JSON, independent of a schema. */
export const anyJson: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, {}, [], [[]], { id: {} }, { __proto__: null }),
  fc.constantFrom(...edges),
  fc.constantFrom(...hostile),
  fc.jsonValue({ maxDepth: 3 }),
  fc.integer({ min: 1, max: 6 }).map(power => 'x'.repeat(10 ** Math.min(power, 4))),
  fc.integer({ min: 0, max: 120 }).map(length => Array.from({ length }, (_, n) => n + 1)),
  fc.integer({ min: 2, max: 60 }).map(depth => nested(depth))
)

/** Values for the field `name` of `schema`: mostly valid, some invalid. */
export function valuesOf(schema: Schema, source: ValueSource, name = ''): fc.Arbitrary<unknown> {
  const known = isList(schema, source) ? [] : source.known(name) // known values are entries, not lists
  return fc.oneof(
    { weight: 12, arbitrary: validOf(schema, source, name) },
    { weight: 1, arbitrary: anyJson },
    ...(known.length === 0 ? [] : [{ weight: 24, arbitrary: fc.constantFrom(...known) }])
  )
}

/** Whether the first variant of the schema is a list. */
function isList(given: Schema, source: ValueSource): boolean {
  const { type, anyOf } = source.resolve(given)
  return type === 'array' || (anyOf?.[0] !== undefined && isList(anyOf[0], source))
}

function validOf(given: Schema, source: ValueSource, name: string): fc.Arbitrary<unknown> {
  const schema = source.resolve(given)
  if (schema.anyOf !== undefined)
    return fc.oneof(
      { withCrossShrink: false },
      ...schema.anyOf.map((branch, n) => weighted(validOf(branch, source, name), n))
    )
  if ('const' in schema) return fc.constant(schema.const)
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  if (schema.type === 'object') return objectOf(schema, source)
  if (schema.type === 'array') return listOf(schema, source, name)
  if (schema.type === 'string') return textOf(schema)
  if (schema.type === 'integer') return integerOf(schema)
  if (schema.type === 'number') return fc.double({ noNaN: true, noDefaultInfinity: true })
  if (schema.type === 'boolean') return fc.boolean()
  return schema.type === 'null' ? fc.constant(null) : anyJson
}

/** Prefers the first variant, which is the usual one. The others are for clients of the replaced backends. */
function weighted(arbitrary: fc.Arbitrary<unknown>, place: number) {
  return { weight: place === 0 ? 6 : 1, arbitrary }
}

/** Records with all `required` fields. Half have any of the other fields; half have at most one of them, because each
 *  further field makes an invalid record likelier. */
export function recordOf(
  fields: Readonly<Record<string, fc.Arbitrary<unknown>>>,
  required: readonly string[]
): fc.Arbitrary<Readonly<Record<string, unknown>>> {
  const requiredKeys = required.filter(name => name in fields)
  const others = Object.keys(fields).filter(name => !required.includes(name))
  const few = fc
    .constantFrom([], ...others.map(name => [name]))
    .chain(names =>
      fc.record(Object.fromEntries([...requiredKeys, ...names].map(name => [name, fields[name] ?? anyJson])))
    )
  return fc.oneof(fc.record(fields, { requiredKeys }), few)
}

function objectOf({ properties = {}, required = [] }: Schema, source: ValueSource): fc.Arbitrary<unknown> {
  const fields = Object.fromEntries(
    Object.entries(properties).map(([name, field]) => [name, valuesOf(field, source, name)])
  )
  const whole = recordOf(fields, required)
  return fc.oneof(
    { weight: 20, arbitrary: whole },
    { weight: 1, arbitrary: fc.record(fields, { requiredKeys: [] }) },
    { weight: 1, arbitrary: fc.tuple(whole, anyJson).map(([object, extra]) => ({ ...object, 'x-unknown': extra })) },
    { weight: 1, arbitrary: anyJson }
  )
}

function listOf({ items = {}, minItems = 0, maxItems = LONGEST_LIST }: Schema, source: ValueSource, name: string) {
  const item = valuesOf(items, source, name)
  const full = fc.array(item, { minLength: minItems, maxLength: Math.max(minItems, Math.min(maxItems, LONGEST_LIST)) })
  const over = fc.array(item, { minLength: maxItems + 1, maxLength: maxItems + 1 })
  return fc.oneof({ weight: 12, arbitrary: full }, { weight: 1, arbitrary: maxItems > 200 ? full : over })
}

function textOf({ pattern, ...rest }: Schema): fc.Arbitrary<string> {
  if (pattern === undefined) return anyTextOf(rest)
  const matching = fc.stringMatching(new RegExp(pattern))
  return fc.oneof({ weight: 5, arbitrary: matching }, { weight: 1, arbitrary: anyTextOf(rest) })
}

function anyTextOf({ format, minLength = 0, maxLength = LONGEST }: Schema): fc.Arbitrary<string> {
  if (format === 'uuid') return fc.uuid()
  if (format === 'date') return date.map(day => day.slice(0, 10))
  if (format === 'date-time') return date
  const short = Math.max(minLength, Math.min(maxLength, LONGEST))
  return fc.oneof(
    { weight: 10, arbitrary: fc.string({ minLength, maxLength: short }) },
    { weight: 4, arbitrary: fc.string({ unit: 'grapheme', minLength, maxLength: short }) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength, maxLength: short }) },
    { weight: 3, arbitrary: fc.constantFrom(...hostile) },
    { weight: 1, arbitrary: fc.constantFrom(maxLength, maxLength + 1).map(length => 'é'.repeat(length)) }
  )
}

const date = fc
  .date({ min: new Date('1900-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  .map(day => day.toISOString())

function integerOf({ minimum = -1_000, maximum = Number.MAX_SAFE_INTEGER }: Schema): fc.Arbitrary<number> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: minimum, max: Math.min(maximum, minimum + 50) }) },
    { weight: 2, arbitrary: fc.maxSafeInteger().map(n => minimum + (Math.abs(n) % (maximum - minimum + 1))) },
    { weight: 1, arbitrary: fc.constantFrom(minimum - 1, maximum, maximum + 1, ...edges) }
  )
}

function nested(depth: number): unknown {
  return depth === 0 ? 1 : { a: nested(depth - 1) }
}
