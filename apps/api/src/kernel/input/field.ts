import { fieldText } from '@rendezvous/contract'
import { accepted, type Field, type FieldSchema, type ReadMode, refused, typeName } from './reading.ts'
import { booleanField, choiceField, integerField } from './scalar.ts'
import { textField } from './text.ts'

/** Keywords that a reader checks, or that only describe. A schema with another keyword would not be checked fully. */
const supported = new Set([
  ...['type', 'const', 'anyOf', 'enum', 'items', 'minItems', 'maxItems', 'minLength', 'maxLength', 'pattern', 'format'],
  ...['minimum', 'maximum', 'properties', 'required', 'additionalProperties', 'description', '$id']
])

/** The reader of a field of this schema.
 *  @throws TypeError for a schema that no reader can check fully, so that such a route does not start. */
export function fieldOf(schema: FieldSchema, mode: ReadMode): Field {
  const unknown = Object.keys(schema).find(keyword => !supported.has(keyword))
  if (unknown !== undefined) throw new TypeError(`${mode.name} cannot be read: no reader checks the keyword ${unknown}`)

  const { rest, nullable } = withoutNull(schema)
  const field = reader(rest, mode)
  const emptyIsNull = nullable && mode.lenient && (rest.type !== 'string' || rest.format !== undefined)
  return raw => {
    if (raw === null || (emptyIsNull && raw === '')) {
      return nullable ? accepted(null) : refused(fieldText('null'))
    }
    return field(raw)
  }
}

function reader(schema: FieldSchema, mode: ReadMode): Field {
  const choices = choicesOf(schema)
  if (choices !== null) return choiceField(choices, mode)
  if (schema.type === 'string') return textField(schema, mode)
  if (schema.type === 'integer') return integerField(schema, mode)
  if (schema.type === 'boolean') return booleanField(mode)
  if (schema.type === 'array' && schema.items !== undefined) return listField(schema, schema.items, mode)
  if (schema.type === 'object' && schema.properties !== undefined && !mode.lenient) return objectField(schema)
  throw new TypeError(`${mode.name} cannot be read: no reader fits its schema`)
}

function withoutNull(schema: FieldSchema): { rest: FieldSchema; nullable: boolean } {
  const rest = schema.anyOf?.filter(branch => branch.type !== 'null') ?? []
  if (schema.anyOf === undefined || rest.length === schema.anyOf.length) return { rest: schema, nullable: false }
  return { rest: rest.length === 1 && rest[0] !== undefined ? rest[0] : { anyOf: rest }, nullable: true }
}

function choicesOf({ anyOf, enum: values, const: only }: FieldSchema): readonly unknown[] | null {
  if (values !== undefined) return values
  if (only !== undefined) return [only]
  return anyOf?.every(branch => branch.const !== undefined) ? anyOf.map(branch => branch.const) : null
}

/** Reads a list. Lenient: a single value is a list of one, and JSON text is parsed, because forms send lists so. */
function listField(schema: FieldSchema, items: FieldSchema, mode: ReadMode): Field {
  const item = fieldOf(items, mode)
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema
  return raw => {
    const list = mode.lenient ? asList(raw) : raw
    if (!Array.isArray(list)) return refused(fieldText('invalid_list_typed', { type: typeName(raw) }))
    if (list.length < minItems) return refused(fieldText('empty_list'))
    if (list.length > maxItems) return refused(fieldText('max_items', { max: maxItems }))

    const readings = list.map(item)
    const errors = readings.flatMap(reading => (reading.ok ? [] : reading.errors))
    if (errors.length > 0) return refused(...new Set(errors))
    return accepted(readings.flatMap(reading => (reading.ok ? [reading.value] : [])))
  }
}

/** Reads an object within a strict body. Each error starts with the name of its field. */
function objectField({ properties = {}, required = [] }: FieldSchema): Field {
  const fields = Object.entries(properties).map(([name, field]) => ({
    name,
    isRequired: required.includes(name),
    read: fieldOf(field, { name, lenient: false })
  }))
  const known = new Set(Object.keys(properties))
  return raw => {
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
      return refused(fieldText('invalid_object_typed', { type: typeName(raw) }))

    const given = new Map<string, unknown>(Object.entries(raw))
    const errors = [...given.keys()]
      .filter(name => !known.has(name))
      .map(name => `${name.slice(0, 100)}: ${fieldText('unknown_field')}`)
    const values: [string, unknown][] = []
    for (const { name, isRequired, read } of fields) {
      const reading = given.has(name) ? read(given.get(name)) : null
      if (reading === null) errors.push(...(isRequired ? [`${name}: ${fieldText('required')}`] : []))
      else if (reading.ok) values.push([name, reading.value])
      else errors.push(...reading.errors.map(error => `${name}: ${error}`))
    }
    return errors.length > 0 ? refused(...errors) : accepted(Object.fromEntries(values))
  }
}

function asList(raw: unknown): unknown {
  if (typeof raw === 'number') return [raw]
  if (typeof raw === 'object' && raw !== null && !Array.isArray(raw) && 'id' in raw) return [raw]
  if (typeof raw !== 'string') return raw
  return /^\s*\[/.test(raw) ? parsedList(raw) : [raw]
}

function parsedList(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
