/** What a field's raw value came to: the value, or why it is refused, in Django REST framework's words. */
export type Reading =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly errors: readonly string[] }

/** Reads the raw value of one field. */
export type Field = (raw: unknown) => Reading

/** How a field is read: `lenient` as Django REST framework's serializers do, else nothing is coerced. */
export interface Manner {
  readonly name: string
  readonly lenient: boolean
}

/** The keywords of JSON Schema that fields are read by. */
export interface FieldSchema {
  readonly type?: string
  readonly const?: unknown
  readonly anyOf?: readonly FieldSchema[]
  readonly enum?: readonly unknown[]
  readonly items?: FieldSchema
  readonly minItems?: number
  readonly maxItems?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly format?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly properties?: Readonly<Record<string, FieldSchema>>
  readonly required?: readonly string[]
}

/** The value that was read. */
export function taken(value: unknown): Reading {
  return { ok: true, value }
}

/** Why nothing could be read. */
export function refused(...errors: readonly string[]): Reading {
  return { ok: false, errors }
}

/** Python's name for the type of a JSON value, as Django REST framework's texts have it. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'NoneType'
  if (Array.isArray(value)) return 'list'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float'
  return { string: 'str', boolean: 'bool' }[typeof value as string] ?? 'dict'
}
