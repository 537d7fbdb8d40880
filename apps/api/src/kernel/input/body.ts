import { type ApiError, aliases, type FieldErrors, invalid } from '@rendezvous/contract'
import { FormBody } from '../form.ts'
import { fieldOf } from './field.ts'
import { type Field, type FieldSchema, typeName } from './reading.ts'

/** An object of fields, as the contract writes it. */
export interface ObjectSchema {
  readonly type?: string
  readonly properties: Readonly<Record<string, FieldSchema>>
  readonly required?: readonly string[]
}

/** What Fastify's validators answer: the value that takes the raw one's place, or the error to throw. */
export type Checked = { readonly value: Readonly<Record<string, unknown>> } | { readonly error: ApiError }

interface Slot {
  readonly name: string
  /** Its own name first. */
  readonly names: readonly string[]
  readonly required: boolean
  readonly isList: boolean
  readonly isText: boolean
  readonly read: Field
}

/** What is sent, and what was read of it so far: the values, what is wrong, and under which alias a field came. */
interface Body {
  readonly source: ReadonlyMap<string, unknown>
  readonly isForm: boolean
  readonly value: Record<string, unknown>
  readonly errors: Map<string, readonly string[]>
  readonly sentAs: Map<string, string>
}

/**
 * The reader of bodies of this schema. Every field's fault is told at once. Lenient: aliases are taken where the field itself is missing,
 * forms are read, unknown fields are dropped. Strict: an unknown field is refused.
 */
export function bodyReader(schema: ObjectSchema, lenient: boolean): (raw: unknown) => Checked {
  const slots = Object.entries(schema.properties).map(([name, field]) => slotOf(schema, name, field, lenient))
  const known = new Set(slots.map(slot => slot.name))
  return raw => {
    const source = fieldsOf(raw)
    if (source === null) return { error: invalid({ non_field_errors: [notAnObject(raw)] }) }

    const body: Body = { source, isForm: raw instanceof FormBody, value: {}, errors: new Map(), sentAs: new Map() }
    if (!lenient) for (const name of source.keys()) if (!known.has(name)) body.errors.set(name, ['Unknown field.'])
    for (const slot of slots) readSlot(slot, body)
    const { value, errors, sentAs } = body
    if (errors.size > 0) return { error: invalid(Object.fromEntries(errors)) }

    if (sentAs.size > 0) aliasesSent.set(value, sentAs)
    return { value }
  }
}

/** The aliases that a client used, by the body that was read from what it sent. */
const aliasesSent = new WeakMap<object, ReadonlyMap<string, string>>()

/** `fields` under the names that the client used in what `body` was read from, so that its form finds them. */
export function errorsAsSent(fields: FieldErrors, body: unknown): FieldErrors {
  const names = typeof body === 'object' && body !== null ? aliasesSent.get(body) : undefined
  if (names === undefined) return fields
  return Object.fromEntries(Object.entries(fields).map(([name, texts]) => [names.get(name) ?? name, texts]))
}

function slotOf(schema: ObjectSchema, name: string, field: FieldSchema, lenient: boolean): Slot {
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
  if (raw === null || raw === undefined) return 'No data provided'
  return `Invalid data. Expected a dictionary, but got ${typeName(raw)}.`
}

function readSlot(slot: Slot, { source, isForm, value, errors, sentAs }: Body): void {
  const name = slot.names.find(candidate => source.has(candidate)) ?? slot.name
  if (name !== slot.name) sentAs.set(slot.name, name)
  const raw = fromForm(slot, source.get(name), isForm)
  if (raw === undefined) {
    if (slot.required) errors.set(slot.name, ['This field is required.'])
    return
  }

  const reading = slot.read(raw)
  if (reading.ok) value[slot.name] = reading.value
  else errors.set(name, reading.errors)
}

/** In a form the last of several values counts, as in Django, and an optional field that is left empty was not sent. */
function fromForm(slot: Slot, raw: unknown, isForm: boolean): unknown {
  if (!isForm) return raw

  const value = Array.isArray(raw) && !slot.isList ? raw.at(-1) : raw
  return value === '' && !slot.required && !slot.isText ? undefined : value
}
