import { limits } from './limits.ts'

/** One character at least that a reader sees: no white space, control, format or default-ignorable character, no Braille blank. */
const VISIBLE = /[^\p{White_Space}\p{Cc}\p{Cf}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u

/** Why `value` cannot be stored as it is, in Django REST framework's words; null when it can. */
export function storageProblem(value: string): string | null {
  if (!value.isWellFormed()) return 'Not a valid string.'
  return value.includes('\0') ? 'Null characters are not allowed.' : null
}

/** Why `value` cannot be the text of a message of 1 to `max` characters (code points), in Django REST framework's words; null when it can.
 *  U+0000 and lone surrogates are refused because PostgreSQL stores the one and UTF-8 holds the other not at all. */
export function textProblem(value: string, max: number): string | null {
  const problem = storageProblem(value)
  if (problem !== null) return problem
  if (!VISIBLE.test(value)) return 'This field may not be blank.'
  if (isLonger(value, max)) return `Ensure this field has no more than ${max} characters.`
  return null
}

/** A code point takes one or two of the units that `length` counts: most texts are settled without counting. */
function isLonger(value: string, max: number): boolean {
  if (value.length <= max) return false
  if (value.length > 2 * max) return true
  let count = 0
  for (const _ of value) count += 1
  return count > max
}

/** What Django says of what is no e-mail address. */
export const badEmail = 'Enter a valid email address.'
/** As Django's EmailValidator, without quoted local parts and addresses of machines. */
const LOCAL_PART = /^[-!#$%&'*+/=?^_`{}|~0-9a-z]+(?:\.[-!#$%&'*+/=?^_`{}|~0-9a-z]+)*$/i
const DOMAIN_LABEL = /^[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?$/u

/** Why `value` is no e-mail address, in Django's words; null when it is one, or '' for none. */
export function emailProblem(value: string): string | null {
  const at = value.lastIndexOf('@')
  const labels = value.slice(at + 1).split('.')
  const isDomain = (labels.length > 1 || labels[0] === 'localhost') && labels.every(label => DOMAIN_LABEL.test(label))
  const isEmail = isDomain && LOCAL_PART.test(value.slice(0, Math.max(at, 0)))
  return value === '' || isEmail ? null : badEmail
}

/** Why `value` cannot be a new password, in the words of Django's validators. */
export function passwordProblems(value: string): string[] {
  const isShort = [...value].length < limits.passwordMin
  return [
    ...(isShort ? [`This password is too short. It must contain at least ${limits.passwordMin} characters.`] : []),
    ...(/^\p{Nd}+$/u.test(value) ? ['This password is entirely numeric.'] : [])
  ]
}
