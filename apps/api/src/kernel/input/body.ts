import { type ApiError, aliases, type FieldErrors, fieldText, invalid } from '@rendezvous/contract'
import { FormBody } from '../form.ts'
import { fieldOf } from './field.ts'
import { type Field, type FieldSchema, type Reading, typeName } from './reading.ts'

/** Most unknown fields that an answer names. */
const UNKNOWN_TOLD = 32

/** The schema of an object, as the contract writes it. */
export interface ObjectSchema {
  readonly type?: string
  readonly properties: Readonly<Record<string, FieldSchema>>
  readonly required?: readonly string[]
}

/** The result of a Fastify validator: the value that replaces the raw one, or the error to throw. */
export type Checked = { readonly value: Readonly<Record<string, unknown>> } | { readonly error: ApiError }

/** A field of a body, and its reader. */
interface BodyField {
  readonly name: string
  /** The field's own name, then its aliases. */
  readonly names: readonly string[]
  readonly required: boolean
  readonly isList: boolean
  readonly isText: boolean
  readonly read: Field
}

/** A body while it is read: its source, the values so far, the errors so far, and the aliases that the client used. */
interface Body {
  readonly source: ReadonlyMap<string, unknown>
  readonly isForm: boolean
  readonly value: Record<string, unknown>
  readonly errors: Map<string, readonly string[]>
  readonly sentAs: Map<string, string>
  readonly repeated: Map<string, readonly NamedReading[]>
}

/** What a body says of a field under another name than the first that it uses. */
export interface NamedReading {
  readonly name: string
  readonly reading: Reading
}

/**
 * The reader of bodies of this schema. It reports the errors of all fields at once. Lenient: an alias is read when the
 * field itself is missing, forms are read, unknown fields are dropped. Strict: an unknown field is an error.
 */
export function bodyReader(schema: ObjectSchema, lenient: boolean): (raw: unknown) => Checked {
  const fields = Object.entries(schema.properties).map(([name, field]) => bodyField(schema, name, field, lenient))
  const known = new Set(fields.map(field => field.name))
  return raw => {
    const source = fieldsOf(raw)
    if (source === null) return { error: invalid({ non_field_errors: [notAnObject(raw)] }) }

    const maps = { errors: new Map(), sentAs: new Map(), repeated: new Map() }
    const body: Body = { source, isForm: raw instanceof FormBody, value: {}, ...maps }
    if (!lenient) for (const name of unknownNames(source, known)) body.errors.set(name, [fieldText('unknown_field')])
    for (const field of fields) readBodyField(field, body)
    const { value, errors, sentAs, repeated } = body
    if (errors.size > 0) return { error: invalid(Object.fromEntries(errors)) }

    if (sentAs.size > 0) aliasesSent.set(value, sentAs)
    if (repeated.size > 0) repetitions.set(value, repeated)
    return { value }
  }
}

/** The first names that a schema does not know: more would not fit into the answer. */
function unknownNames(source: ReadonlyMap<string, unknown>, known: ReadonlySet<string>): string[] {
  const unknown: string[] = []
  for (const name of source.keys()) {
    if (!known.has(name)) unknown.push(name)
    if (unknown.length === UNKNOWN_TOLD) break
  }
  return unknown
}

/** The aliases that a client used, by the body that was read. */
const aliasesSent = new WeakMap<object, ReadonlyMap<string, string>>()

/** What bodies say more than once, by the body that was read. */
const repetitions = new WeakMap<object, ReadonlyMap<string, readonly NamedReading[]>>()

/** The fields that `body` names more than once, each with what it says under its other names. `body` is what
 *  {@link bodyReader} read: it has what the body says under the first name. */
export function repeatedFields(body: object): ReadonlyMap<string, readonly NamedReading[]> {
  return repetitions.get(body) ?? new Map()
}

/** `fields` under the names that the client sent, so that its form finds them. `body` is what {@link bodyReader}
 *  read. */
export function errorsAsSent(fields: FieldErrors, body: unknown): FieldErrors {
  const names = typeof body === 'object' && body !== null ? aliasesSent.get(body) : undefined
  if (names === undefined) return fields
  return Object.fromEntries(Object.entries(fields).map(([name, texts]) => [names.get(name) ?? name, texts]))
}

function bodyField(schema: ObjectSchema, name: string, field: FieldSchema, lenient: boolean): BodyField {
  const others = lenient ? (aliases[name] ?? []).filter(alias => !Object.hasOwn(schema.properties, alias)) : []
  return {
    name,
    names: [name, ...others],
    required: schema.required?.includes(name) ?? false,
    isList: field.type === 'array',
    isText: field.type === 'string',
    read: fieldOf(field, { name, lenient })
  }
}

function fieldsOf(raw: unknown): ReadonlyMap<string, unknown> | null {
  if (raw instanceof FormBody) return new Map(raw.entries())
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw) ? new Map(Object.entries(raw)) : null
}

function notAnObject(raw: unknown): string {
  if (raw === null || raw === undefined) return fieldText('no_data')
  return fieldText('invalid_object_typed', { type: typeName(raw) })
}

function readBodyField(field: BodyField, { source, isForm, value, errors, sentAs, repeated }: Body): void {
  const name = field.names.find(candidate => source.has(candidate)) ?? field.name
  if (name !== field.name) sentAs.set(field.name, name)
  const raw = fromForm(field, source.get(name), isForm)
  if (raw === undefined) {
    if (field.required) errors.set(field.name, [fieldText('required')])
    return
  }

  const others = field.names.filter(other => other !== name && source.has(other))
  if (others.length > 0) {
    const readings = others.map(other => ({ name: other, raw: fromForm(field, source.get(other), isForm) }))
    const stated = readings.filter(({ raw }) => raw !== undefined)
    repeated.set(
      field.name,
      stated.map(({ name, raw }) => ({ name, reading: field.read(raw) }))
    )
  }

  const reading = field.read(raw)
  if (reading.ok) value[field.name] = reading.value
  else errors.set(name, reading.errors)
}

/** In a form the last of several values counts, as in Django, and an empty optional field counts as absent. */
function fromForm(field: BodyField, raw: unknown, isForm: boolean): unknown {
  if (!isForm) return raw

  const value = Array.isArray(raw) && !field.isList ? raw.at(-1) : raw
  return value === '' && !field.required && !field.isText ? undefined : value
}
