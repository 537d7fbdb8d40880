import { type TString, Type } from 'typebox'

const SECRET_CHARACTERS = 32
const DISTINCT_CHARACTERS = 8
/** Pairs of neighbours. A repeated word of fewer characters has fewer. */
const DISTINCT_PAIRS = 16
/** Steps from one character to the next. A row of the alphabet has one. */
const DISTINCT_STEPS = 6

/** A variable that holds a secret. */
export function SecretVariable(description: string): TString {
  return Type.Refine(
    Type.String({
      expected: `at least ${SECRET_CHARACTERS} random characters, such as those of \`openssl rand -base64 48\``,
      description
    }),
    isSecret
  )
}

/** Whether `text` may be random: long enough, and neither few characters, nor one word repeated, nor a row. A random
 *  text of 32 hexadecimal digits fails less than once in a million. */
export function isSecret(text: string): boolean {
  const characters = [...text]
  const pairs = characters.slice(1).map((next, at) => [characters[at] ?? '', next] as const)
  const steps = pairs.map(([before, next]) => code(next) - code(before))
  return (
    text.length >= SECRET_CHARACTERS &&
    new Set(characters).size >= DISTINCT_CHARACTERS &&
    new Set(pairs.map(pair => pair.join(''))).size >= DISTINCT_PAIRS &&
    new Set(steps).size >= DISTINCT_STEPS
  )
}

function code(character: string): number {
  return character.codePointAt(0) ?? 0
}
