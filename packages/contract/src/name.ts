import { fieldText } from './field-texts.ts'
import { textProblem } from './text.ts'
import { EMOJI, INVISIBLE_OR_SEQUENCE } from './visible.ts'

/** Why `value` cannot be a name of 1 to `max` characters (code points), in Django REST framework's words; null when it
 *  can. Names are those of people, groups and devices. Each character is visible or a space. Emoji sequences, and
 *  joiners between letters of scripts that need them, are allowed; marks of direction are not. */
export function nameProblem(value: string, max: number): string | null {
  const problem = textProblem(value, max)
  if (problem !== null) return problem
  return visibleName(value) === value ? null : fieldText('invisible_characters')
}

/** Why `value` cannot be added as a reaction; null when it can. Each character is visible, or part of an emoji. */
export function emojiProblem(value: string): string | null {
  return EMOJI.test(value) ? null : fieldText('invisible_characters')
}

/** `value` without the characters that a name must not contain. */
export function visibleName(value: string): string {
  return value.replace(INVISIBLE_OR_SEQUENCE, (_, sequence: string | undefined) => sequence ?? '')
}
