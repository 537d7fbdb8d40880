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
