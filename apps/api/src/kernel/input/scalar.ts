import { booleanWords } from '@rendezvous/contract'
import { type Field, type FieldSchema, type Manner, type Reading, refused, taken, typeName } from './reading.ts'

const NUMBER = 'A valid integer is required.'
/** Longest text that is looked at for a number, as in Django REST framework. */
const NUMBER_CHARACTERS = 1_000

/** An integer of the contract. One that counts from 1 is an id: out of range it names nobody. Lenient: its digits as text, `12.0`, and
 *  an object's `id` pass. */
export function integerField(schema: FieldSchema, { lenient }: Manner): Field {
  const { minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER } = schema
  return raw => {
    const given = lenient ? idOf(raw) : raw
    if (typeof given === 'string' && given.length > NUMBER_CHARACTERS) return refused('String value too large.')

    const value = lenient && typeof given === 'string' ? digits(given) : given
    const isId = minimum === 1
    if (typeof value !== 'number' || !Number.isInteger(value)) return isId && lenient ? noId(given) : refused(NUMBER)
    if (isId && (value < 1 || value > maximum)) return unknownId(given)
    if (value < minimum) return refused(`Ensure this value is greater than or equal to ${minimum}.`)
    return value > maximum ? refused(`Ensure this value is less than or equal to ${maximum}.`) : taken(value)
  }
}

/** A boolean of the contract. Lenient: the words that Django REST framework and the contract's table have for it. */
export function booleanField({ name, lenient }: Manner): Field {
  const words = new Map(Object.entries({ ...djangoWords, ...booleanWords[name] }))
  return raw => {
    if (typeof raw === 'boolean') return taken(raw)

    const word = lenient && isWord(raw) ? words.get(String(raw).trim().toLowerCase()) : undefined
    return word === undefined ? refused('Must be a valid boolean.') : taken(word)
  }
}

/** One of a few values. */
export function choiceField(choices: readonly unknown[], { lenient }: Manner): Field {
  return raw => {
    const value = lenient && typeof raw === 'string' ? raw.trim() : raw
    if (choices.includes(value)) return taken(value)
    return refused(
      `"${isWord(raw) ? String(raw).slice(0, 100) : JSON.stringify(raw).slice(0, 100)}" is not a valid choice.`
    )
  }
}

/** The words that Django REST framework takes for a boolean. */
export const djangoWords: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(['t', 'y', 'yes', 'true', 'on', '1'].map(word => [word, true])),
  ...Object.fromEntries(['f', 'n', 'no', 'false', 'off', '0'].map(word => [word, false]))
}

function isWord(raw: unknown): raw is string | number {
  return typeof raw === 'string' || typeof raw === 'number'
}

/** A whole GET body put back has objects where an id is due. */
function idOf(raw: unknown): unknown {
  const isObject = typeof raw === 'object' && raw !== null && !Array.isArray(raw)
  return isObject && 'id' in raw ? raw.id : raw
}

function digits(text: string): number {
  return /^\s*[+-]?\d+(\.0*)?\s*$/.test(text) ? Number(text) : Number.NaN
}

/** What is no id, as a `PrimaryKeyRelatedField` refuses it: nothing, or something of another type. */
function noId(given: unknown): Reading {
  if (given === '') return refused('This field may not be null.')
  return refused(`Incorrect type. Expected pk value, received ${typeName(given)}.`)
}

function unknownId(given: unknown): Reading {
  return refused(`Invalid pk "${String(given).trim().slice(0, 100)}" - object does not exist.`)
}
