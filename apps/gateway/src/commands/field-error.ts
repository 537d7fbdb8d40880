import { type FieldErrors, fieldText } from '@rendezvous/contract'
import type { TLocalizedValidationError } from 'typebox/error'

/** Translates TypeBox errors about `value` into Django REST framework's texts, by top-level field. */
export function fieldErrors(value: object, errors: readonly TLocalizedValidationError[]): FieldErrors {
  const byField = new Map<string, string[]>()
  const add = (field: string, text: string) => {
    const texts = byField.get(field)
    if (texts === undefined) byField.set(field, [text])
    else if (!texts.includes(text)) texts.push(text)
  }

  for (const error of errors) {
    const isWithin = error.instancePath !== '' // an error inside a field is reported for the field
    if (error.keyword === 'required' && !isWithin)
      for (const name of error.params.requiredProperties) add(name, fieldText('required'))
    else if (error.keyword === 'additionalProperties' && !isWithin)
      for (const name of error.params.additionalProperties) add(name, fieldText('unknown_field'))
    else if (error.keyword !== 'boolean' && !error.schemaPath.includes('/anyOf/')) {
      const field = fieldOf(error.instancePath)
      add(field, isNull(value, field) ? fieldText('null') : textOf(error))
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
  integer: fieldText('invalid_integer'),
  boolean: fieldText('invalid_boolean'),
  array: fieldText('invalid_list'),
  object: fieldText('invalid_object')
}

function textOf(error: TLocalizedValidationError): string {
  switch (error.keyword) {
    case 'type':
      return typeTexts[String(error.params.type)] ?? fieldText('invalid_string')
    case 'minimum':
      return fieldText('min_value', { min: error.params.limit })
    case 'maximum':
      return fieldText('max_value', { max: error.params.limit })
    case 'minLength':
      return fieldText('blank')
    case 'maxLength':
      return fieldText('max_length', { max: error.params.limit })
    case 'format':
      return fieldText('invalid_uuid')
    case 'anyOf':
      return fieldText('invalid_choice')
    default:
      return fieldText('invalid')
  }
}
