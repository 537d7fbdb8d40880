import type { FieldErrors } from '@rendezvous/contract'
import type { TLocalizedValidationError } from 'typebox/error'

/** What a validator of TypeBox said of `value`, by top-level field, in Django REST framework's words. */
export function fieldErrors(value: object, errors: readonly TLocalizedValidationError[]): FieldErrors {
  const byField = new Map<string, string[]>()
  const add = (field: string, text: string) => {
    const texts = byField.get(field)
    if (texts === undefined) byField.set(field, [text])
    else if (!texts.includes(text)) texts.push(text)
  }

  for (const error of errors) {
    const isWithin = error.instancePath !== '' // what is wrong within a field is told of the field
    if (error.keyword === 'required' && !isWithin)
      for (const name of error.params.requiredProperties) add(name, 'This field is required.')
    else if (error.keyword === 'additionalProperties' && !isWithin)
      for (const name of error.params.additionalProperties) add(name, 'Unknown field.')
    else if (error.keyword !== 'boolean' && !error.schemaPath.includes('/anyOf/')) {
      const field = fieldOf(error.instancePath)
      add(field, isNull(value, field) ? 'This field may not be null.' : textOf(error))
    }
  }
  return Object.fromEntries(byField)
}

function fieldOf(instancePath: string): string {
  const [, field = ''] = instancePath.split('/')
  return field === '' ? 'non_field_errors' : field.replaceAll('~1', '/').replaceAll('~0', '~')
}

function isNull(value: object, field: string): boolean {
  return Object.entries(value).some(([name, member]) => name === field && member === null)
}

const typeTexts: Readonly<Record<string, string>> = {
  integer: 'A valid integer is required.',
  boolean: 'Must be a valid boolean.',
  array: 'Expected a list of items.',
  object: 'Expected an object.'
}

function textOf(error: TLocalizedValidationError): string {
  switch (error.keyword) {
    case 'type':
      return typeTexts[String(error.params.type)] ?? 'Not a valid string.'
    case 'minimum':
      return `Ensure this value is greater than or equal to ${error.params.limit}.`
    case 'maximum':
      return `Ensure this value is less than or equal to ${error.params.limit}.`
    case 'minLength':
      return 'This field may not be blank.'
    case 'maxLength':
      return `Ensure this field has no more than ${error.params.limit} characters.`
    case 'format':
      return 'Must be a valid UUID.'
    case 'anyOf':
      return 'Not a valid choice.'
    default:
      return 'Invalid value.'
  }
}
