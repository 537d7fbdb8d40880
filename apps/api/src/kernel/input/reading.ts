/** The result of reading a field: its value, or why it is refused, in Django REST framework's texts. */
export type Reading =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly errors: readonly string[] }

/** Reads the raw value of one field. */
export type Field = (raw: unknown) => Reading

/** How a field is read: `lenient` coerces values as Django REST framework's serializers do; otherwise nothing is
 *  coerced. */
export interface ReadMode {
  /** The name of the field. */
  readonly name: string
  readonly lenient: boolean
}

/** The keywords of JSON Schema that readers check. */
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

/** A reading with a value. */
export function accepted(value: unknown): Reading {
  return { ok: true, value }
}

/** A reading without a value, and why. */
export function refused(...errors: readonly string[]): Reading {
  return { ok: false, errors }
}

/** Python's name for the type of a JSON value, which Django REST framework's texts use. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'NoneType'
  if (Array.isArray(value)) return 'list'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float'
  return { string: 'str', boolean: 'bool' }[typeof value as string] ?? 'dict'
}
