import { fieldText } from './field-texts.ts'
import { limits } from './limits.ts'
import { VISIBLE } from './visible.ts'

/** Why PostgreSQL cannot store `value`, in Django REST framework's words; null when it can. */
export function storageProblem(value: string): string | null {
  if (!value.isWellFormed()) return fieldText('invalid_string')
  return value.includes('\0') ? fieldText('null_characters') : null
}

/** Why `value` cannot be a text of 1 to `max` characters (code points), in Django REST framework's words; null when it
 *  can. At least one character is visible. PostgreSQL cannot store U+0000, and UTF-8 cannot encode lone surrogates. */
export function textProblem(value: string, max: number): string | null {
  const problem = storageProblem(value)
  if (problem !== null) return problem
  if (!VISIBLE.test(value)) return fieldText('blank')
  if (isLonger(value, max)) return fieldText('max_length', { max })
  return null
}

/** `length` counts one or two units a code point, so most texts need no counting. */
function isLonger(value: string, max: number): boolean {
  if (value.length <= max) return false
  if (value.length > 2 * max) return true
  let count = 0
  for (const _ of value) count += 1
  return count > max
}

/** Like Django's EmailValidator, but without quoted local parts and IP address literals. */
const LOCAL_PART = /^[-!#$%&'*+/=?^_`{}|~0-9a-z]+(?:\.[-!#$%&'*+/=?^_`{}|~0-9a-z]+)*$/i
const DOMAIN_LABEL = /^[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?$/u

/** Why `value` is not an e-mail address, in Django's words; null when it is one or is empty. */
export function emailProblem(value: string): string | null {
  const at = value.lastIndexOf('@')
  const labels = value.slice(at + 1).split('.')
  const isDomain = (labels.length > 1 || labels[0] === 'localhost') && labels.every(label => DOMAIN_LABEL.test(label))
  const isEmail = isDomain && LOCAL_PART.test(value.slice(0, Math.max(at, 0)))
  return value === '' || isEmail ? null : fieldText('invalid_email')
}

/** Why `given` cannot be a new password, in the words of Django's validators; empty when it can. It is judged in NFKC,
 *  the form that is hashed. */
export function passwordProblems(given: string): string[] {
  const value = given.normalize('NFKC')
  const isShort = [...value].length < limits.passwordMin
  return [
    ...(isShort ? [fieldText('password_too_short', { min: limits.passwordMin })] : []),
    ...(/^\p{Nd}+$/u.test(value) ? [fieldText('password_entirely_numeric')] : [])
  ]
}
