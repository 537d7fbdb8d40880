import { FormBody } from '../../src/kernel/form.ts'
import { bodyReader, type ObjectSchema } from '../../src/kernel/input/body.ts'

/** Reads a body, as a lenient path unless `lenient` is false: its values, or its errors by field. */
export function read(schema: unknown, body: unknown, lenient = true): unknown {
  const checked = bodyReader(schema as ObjectSchema, lenient)(body)
  return 'error' in checked ? checked.error.fields : checked.value
}

/** A form with these fields, in this order. */
export function form(...fields: [string, string][]): FormBody {
  const body = new FormBody()
  for (const [name, value] of fields) body.add(name, value)
  return body
}
