import { booleanWords, fieldText } from '@rendezvous/contract'
import { accepted, type Field, type FieldSchema, type Reading, type ReadMode, refused, typeName } from './reading.ts'

/** Longest text that is parsed as a number, as in Django REST framework. */
const NUMBER_CHARACTERS = 1_000

/** Reads an integer. A minimum of 1 marks an id: out of range, it does not exist. Lenient: digits as text, `12.0`,
 *  and the `id` of an object are accepted. */
export function integerField(schema: FieldSchema, { lenient }: ReadMode): Field {
  const { minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER } = schema
  const isId = minimum === 1
  return raw => {
    const given = lenient ? idOf(raw) : raw
    if (typeof given === 'string' && given.length > NUMBER_CHARACTERS) return refused(fieldText('max_number_length'))

    const value = lenient && typeof given === 'string' ? digits(given) : given
    if (typeof value !== 'number' || !Number.isInteger(value))
      return refused(isId && lenient ? invalidId(given) : fieldText('invalid_integer'))
    if (isId && (value < 1 || value > maximum)) return unknownId(given)
    if (value < minimum) return refused(fieldText('min_value', { min: minimum }))
    return value > maximum ? refused(fieldText('max_value', { max: maximum })) : accepted(value)
  }
}

/** Reads a boolean. Lenient: also the words of Django REST framework and of the contract's table. */
export function booleanField({ name, lenient }: ReadMode): Field {
  const words = new Map(Object.entries({ ...djangoWords, ...booleanWords[name] }))
  return raw => {
    if (typeof raw === 'boolean') return accepted(raw)

    const word = lenient && isWord(raw) ? words.get(String(raw).trim().toLowerCase()) : undefined
    return word === undefined ? refused(fieldText('invalid_boolean')) : accepted(word)
  }
}

/** Reads one of `choices`. */
export function choiceField(choices: readonly unknown[], { lenient }: ReadMode): Field {
  return raw => {
    const value = lenient && typeof raw === 'string' ? raw.trim() : raw
    if (choices.includes(value)) return accepted(value)
    const choice = (isWord(raw) ? String(raw) : JSON.stringify(raw)).slice(0, 100)
    return refused(fieldText('invalid_choice_named', { choice }))
  }
}

/** The words that Django REST framework accepts as a boolean. */
export const djangoWords: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(['t', 'y', 'yes', 'true', 'on', '1'].map(word => [word, true])),
  ...Object.fromEntries(['f', 'n', 'no', 'false', 'off', '0'].map(word => [word, false]))
}

function isWord(raw: unknown): raw is string | number {
  return typeof raw === 'string' || typeof raw === 'number'
}

/** The id of an object: clients that PUT a GET body back send objects in place of ids. */
function idOf(raw: unknown): unknown {
  const isObject = typeof raw === 'object' && raw !== null && !Array.isArray(raw)
  return isObject && 'id' in raw ? raw.id : raw
}

function digits(text: string): number {
  return /^\s*[+-]?\d+(\.0*)?\s*$/.test(text) ? Number(text) : Number.NaN
}

/** The text of Django REST framework's related fields, for which an empty text is null. */
function invalidId(given: unknown): string {
  return given === '' ? fieldText('null') : fieldText('incorrect_type', { type: typeName(given) })
}

function unknownId(given: unknown): Reading {
  return refused(fieldText('does_not_exist', { pk: String(given).trim().slice(0, 100) }))
}
