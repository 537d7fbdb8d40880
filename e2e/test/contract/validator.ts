import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'

/** Answers what is wrong with a value, or null. */
export type Check = (value: unknown) => string | null

/** Compiles schemas that may refer to `documents` by name. */
export function validator(documents: Readonly<Record<string, object>>): (schema: object) => Check {
  const ajv = new Ajv2020({ strict: false, allErrors: false, verbose: false })
  formats.default(ajv)
  for (const [name, document] of Object.entries(documents)) ajv.addSchema(document, name)
  return schema => {
    const validate = ajv.compile(schema)
    return value => (validate(value) ? null : ajv.errorsText(validate.errors))
  }
}
