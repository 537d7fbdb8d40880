import { type Field, type FieldSchema, type Manner, refused, taken, typeName } from './reading.ts'
import { booleanField, choiceField, integerField } from './scalar.ts'
import { textField } from './text.ts'

/** Keywords that a reader looks at, or that only describe. A schema with any other would not be checked whole. */
const understood = new Set([
  ...['type', 'const', 'anyOf', 'enum', 'items', 'minItems', 'maxItems', 'minLength', 'maxLength', 'pattern', 'format'],
  ...['minimum', 'maximum', 'properties', 'required', 'additionalProperties', 'description', '$id']
])

/** The reader of a field of this schema.
 *  @throws TypeError when the schema says something no reader checks: such a route must not start. */
export function fieldOf(schema: FieldSchema, manner: Manner): Field {
  const unknown = Object.keys(schema).find(keyword => !understood.has(keyword))
  if (unknown !== undefined) throw new TypeError(`no field can be read by the keyword ${unknown}`)

  const { rest, nullable } = withoutNull(schema)
  const field = reader(rest, manner)
  const emptyIsNull = nullable && manner.lenient && (rest.type !== 'string' || rest.format !== undefined)
  return raw => {
    if (raw === null || (emptyIsNull && raw === '')) {
      return nullable ? taken(null) : refused('This field may not be null.')
    }
    return field(raw)
  }
}

function reader(schema: FieldSchema, manner: Manner): Field {
  const choices = choicesOf(schema)
  if (choices !== null) return choiceField(choices, manner)
  if (schema.type === 'string') return textField(schema, manner)
  if (schema.type === 'integer') return integerField(schema, manner)
  if (schema.type === 'boolean') return booleanField(manner)
  if (schema.type === 'array' && schema.items !== undefined) return listField(schema, schema.items, manner)
  if (schema.type === 'object' && schema.properties !== undefined && !manner.lenient) return objectField(schema)
  throw new TypeError(`no field can be read by the schema of ${manner.name}`)
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

/** A list of the contract. Lenient: a single value is a list of one, and a list may come as JSON text, as forms send it. */
function listField(schema: FieldSchema, items: FieldSchema, manner: Manner): Field {
  const item = fieldOf(items, manner)
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema
  return raw => {
    const list = manner.lenient ? asList(raw) : raw
    if (!Array.isArray(list)) return refused(`Expected a list of items but got type "${typeName(raw)}".`)
    if (list.length < minItems) return refused('This list may not be empty.')
    if (list.length > maxItems) return refused(`Ensure this field has no more than ${maxItems} elements.`)

    const readings = list.map(item)
    const errors = readings.flatMap(reading => (reading.ok ? [] : reading.errors))
    if (errors.length > 0) return refused(...new Set(errors))
    return taken(readings.flatMap(reading => (reading.ok ? [reading.value] : [])))
  }
}

/** An object within a strict body. What is wrong with its fields is told after their names. */
function objectField({ properties = {}, required = [] }: FieldSchema): Field {
  const fields = Object.entries(properties).map(([name, field]) => ({
    name,
    isRequired: required.includes(name),
    read: fieldOf(field, { name, lenient: false })
  }))
  const known = new Set(Object.keys(properties))
  return raw => {
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
      return refused(`Invalid data. Expected a dictionary, but got ${typeName(raw)}.`)

    const given = new Map<string, unknown>(Object.entries(raw))
    const errors = [...given.keys()]
      .filter(name => !known.has(name))
      .map(name => `${name.slice(0, 100)}: Unknown field.`)
    const values: [string, unknown][] = []
    for (const { name, isRequired, read } of fields) {
      const reading = given.has(name) ? read(given.get(name)) : null
      if (reading === null) errors.push(...(isRequired ? [`${name}: This field is required.`] : []))
      else if (reading.ok) values.push([name, reading.value])
      else errors.push(...reading.errors.map(error => `${name}: ${error}`))
    }
    return errors.length > 0 ? refused(...errors) : taken(Object.fromEntries(values))
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
