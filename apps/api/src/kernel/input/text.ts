import { badEmail, emailProblem, passwordProblems, storageProblem } from '@rendezvous/contract'
import { type Field, type FieldSchema, type Manner, refused, taken } from './reading.ts'

/** The field whose white space is its own: its retry over the socket must be the same text. */
const VERBATIM = 'content'
/** A pattern's text where Django has one of its own, by the field's name. */
const patternTexts: Readonly<Record<string, string>> = {
  username: 'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.'
}

/** A string of the contract. Lenient: numbers pass as their digits, a day without its zeros, and white space around is dropped. */
export function textField(schema: FieldSchema, { name, lenient }: Manner): Field {
  const check = checks(schema, name)
  const trims = lenient && name !== VERBATIM
  const form = (lenient && forms[schema.format ?? '']) || ((text: string) => text)
  const otherType = typeTexts[schema.format ?? ''] ?? 'Not a valid string.'
  return raw => {
    const text = asText(raw, lenient)
    if (text === null) return refused(otherType)

    const value = form(trims ? text.trim() : text)
    if (value === '' && (schema.minLength ?? 0) > 0) return refused('This field may not be blank.')
    const errors = check(value)
    return errors.length > 0 ? refused(...errors) : taken(value)
  }
}

/** Characters as people count them in a limit: Unicode code points. */
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
    if (text.length > maxLength && codePoints(text) > maxLength)
      return [`Ensure this field has no more than ${maxLength} characters.`]
    if (text.length < 2 * minLength && codePoints(text) < minLength)
      errors.push(`Ensure this field has at least ${minLength} characters.`)
    if (!pattern.test(text)) errors.push(patternTexts[name] ?? 'This value does not match the required pattern.')
    errors.push(...unstorable(text))
    return [...errors, ...formatErrors(text)]
  }
}

const HALF = /\p{Surrogate}/u

/** PostgreSQL refuses U+0000, and half a surrogate pair would be stored as another character. */
function unstorable(text: string): string[] {
  if (storageProblem(text) === null) return []
  const half = HALF.exec(text)?.[0]
  return [
    ...(text.includes('\0') ? ['Null characters are not allowed.'] : []),
    ...(half === undefined
      ? []
      : [`Surrogate characters are not allowed: U+${half.charCodeAt(0).toString(16).toUpperCase()}.`])
  ]
}

const badUuid = 'Must be a valid UUID.'
const badDate = 'Date has wrong format. Use one of these formats instead: YYYY-MM-DD.'
/** What is said of what is no text at all, where the format has words of its own. */
const typeTexts: Readonly<Record<string, string>> = { uuid: badUuid, date: badDate, email: badEmail }
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** What is wrong with a text of a format. */
const formats: Readonly<Record<string, (text: string) => string[]>> = {
  uuid: text => (UUID.test(text) ? [] : [badUuid]),
  date: text => (isDay(text) ? [] : [badDate]),
  email: text => [emailProblem(text)].filter(problem => problem !== null),
  password: passwordProblems
}

function isDay(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`)
  return (
    /^\d{4}-\d{2}-\d{2}$/.test(text) &&
    text > '0001' &&
    !Number.isNaN(date.getTime()) &&
    date.toISOString().startsWith(text)
  )
}

function fullDay(text: string): string {
  const [year, month, day] = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text)?.slice(1) ?? []
  return year === undefined ? text : [year, month?.padStart(2, '0'), day?.padStart(2, '0')].join('-')
}

function plainUuid(text: string): string {
  return /^[0-9a-f]{32}$/i.test(text) ? text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') : text
}

/** What else a lenient reader takes for a format, made into it. */
const forms: Readonly<Record<string, (text: string) => string>> = { uuid: plainUuid, date: fullDay }
