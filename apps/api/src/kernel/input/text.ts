import { emailProblem, fieldText, passwordProblems, storageProblem } from '@rendezvous/contract'
import { accepted, type Field, type FieldSchema, type ReadMode, refused } from './reading.ts'

/** The field that is not trimmed: the socket does not trim it, and a retry there must be the same text. */
const UNTRIMMED = 'content'
/** Django's own error text for a pattern, by the name of the field. */
const patternTexts: Readonly<Record<string, string>> = {
  username: fieldText('invalid_username')
}

/** Reads a string. Lenient: a number is read as its digits, a date may omit zeros, and white space around is
 *  dropped. */
export function textField(schema: FieldSchema, { name, lenient }: ReadMode): Field {
  const check = checks(schema, name)
  const trims = lenient && name !== UNTRIMMED
  const form = (lenient && forms[schema.format ?? '']) || ((text: string) => text)
  const otherType = typeTexts[schema.format ?? ''] ?? fieldText('invalid_string')
  return raw => {
    const text = asText(raw, lenient)
    if (text === null) return refused(otherType)

    const value = form(trims ? text.trim() : text)
    if (value === '' && (schema.minLength ?? 0) > 0) return refused(fieldText('blank'))
    const errors = check(value)
    return errors.length > 0 ? refused(...errors) : accepted(value)
  }
}

/** The number of Unicode code points, which limits count as characters. */
function codePoints(text: string): number {
  let count = 0
  for (let at = 0; at < text.length; at++) {
    if ((text.codePointAt(at) ?? 0) > 0xffff) at++
    count++
  }
  return count
}

function asText(raw: unknown, lenient: boolean): string | null {
  if (typeof raw === 'string') return raw
  return lenient && typeof raw === 'number' ? String(raw) : null
}

function checks(schema: FieldSchema, name: string): (text: string) => string[] {
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, format } = schema
  const formatErrors = formats[format ?? ''] ?? (() => [])
  const pattern = schema.pattern === undefined ? /(?:)/u : new RegExp(schema.pattern, 'u')
  return text => {
    const errors: string[] = []
    if (text.length > maxLength && codePoints(text) > maxLength) return [fieldText('max_length', { max: maxLength })]
    if (text.length < 2 * minLength && codePoints(text) < minLength)
      errors.push(fieldText('min_length', { min: minLength }))
    if (!pattern.test(text)) errors.push(patternTexts[name] ?? fieldText('invalid_pattern'))
    errors.push(...storageErrors(text))
    return [...errors, ...formatErrors(text)]
  }
}

const LONE_SURROGATE = /\p{Surrogate}/u

/** PostgreSQL refuses U+0000, and a lone surrogate would be stored as another character. */
function storageErrors(text: string): string[] {
  if (storageProblem(text) === null) return []
  const surrogate = LONE_SURROGATE.exec(text)?.[0]
  return [
    ...(text.includes('\0') ? [fieldText('null_characters')] : []),
    ...(surrogate === undefined
      ? []
      : [fieldText('surrogate_characters', { code: surrogate.charCodeAt(0).toString(16).toUpperCase() })])
  ]
}

const badUuid = fieldText('invalid_uuid')
const badDate = fieldText('invalid_date')
/** The error for a value that is not text, for formats with their own text. */
const typeTexts: Readonly<Record<string, string>> = { uuid: badUuid, date: badDate, email: fieldText('invalid_email') }
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** The errors of a text, by format. */
const formats: Readonly<Record<string, (text: string) => string[]>> = {
  uuid: text => (UUID.test(text) ? [] : [badUuid]),
  date: text => (isDate(text) ? [] : [badDate]),
  email: text => [emailProblem(text)].filter(problem => problem !== null),
  password: passwordProblems
}

function isDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`)
  return (
    /^\d{4}-\d{2}-\d{2}$/.test(text) &&
    text > '0001' &&
    !Number.isNaN(date.getTime()) &&
    date.toISOString().startsWith(text)
  )
}

function fullDate(text: string): string {
  const [year, month, day] = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text)?.slice(1) ?? []
  return year === undefined ? text : [year, month?.padStart(2, '0'), day?.padStart(2, '0')].join('-')
}

function plainUuid(text: string): string {
  return /^[0-9a-f]{32}$/i.test(text) ? text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') : text
}

/** Converts other spellings that a lenient reader accepts into the format. */
const forms: Readonly<Record<string, (text: string) => string>> = { uuid: plainUuid, date: fullDate }
