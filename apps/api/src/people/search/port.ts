import type { UserId } from '@rendezvous/contract'
import type { SeenUser } from '../users/port.ts'

/** Longest key, in characters, and the most keys of one user. */
const KEY_CHARACTERS = 64
const KEYS = 12
/** No name has as many marks in a row. More would take NFKC the square of their time. */
const MARKS = /(\p{M}{30})\p{M}+/gu
/** Letters that no normal form takes apart. */
const LETTERS: Readonly<Record<string, string>> = {
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  ħ: 'h',
  æ: 'ae',
  œ: 'oe',
  þ: 'th',
  ı: 'i'
}
/** The user name of somebody who chose none (ADR 31). */
const GENERATED = /^user_[0-9a-f]{16}$/

/** The names of a user. */
export interface SearchedNames {
  readonly username: string
  readonly firstName: string
  readonly lastName: string
  /** Whether the user may be found. */
  readonly findable: boolean
}

/** The form in which names and searches are compared: NFKC, full case folding, no accents, single spaces. At most 64
 *  characters. */
export function searchForm(text: string): string {
  const written = text
    .slice(0, 8 * KEY_CHARACTERS)
    .replace(MARKS, '$1')
    .normalize('NFKC')
  const cased = written.toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ')
  const plain = cased
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFKC')
  const letters = plain.replace(/[øđðłħæœþı]/g, letter => LETTERS[letter] ?? letter)
  return Array.from(letters.replace(/\s+/g, ' ').trim()).slice(0, KEY_CHARACTERS).join('').trimEnd()
}

/** The keys by whose beginning a user is found: the user name if they chose it, the whole name from each of its words
 *  on, and the last name first. None when the user does not want to be found. */
export function searchKeys({ username, firstName, lastName, findable }: SearchedNames): string[] {
  if (!findable) return []
  const name = `${firstName} ${lastName}`
  const starts = [...name.matchAll(/(?<=^|[\s-])[^\s-]/g)].map(({ index }) => name.slice(index))
  const chosen = GENERATED.test(username) ? [] : [username]
  const texts = [...chosen, name, `${lastName} ${firstName}`, ...starts]
  return [...new Set(texts.slice(0, KEYS).map(searchForm))].filter(key => key !== '')
}

/** Where a page of found people ends: the key by which the last of them was found. */
export interface FoundCursor {
  readonly key: string
  readonly id: UserId
}

/** A page of found people, by the beginning of their first key that matches. */
export interface FoundPage {
  readonly people: readonly SeenUser[]
  /** Null when no more people match. A page may be short, or empty, and have one all the same. */
  readonly next: FoundCursor | null
}

/** A user whose keys are not stored yet. */
export interface UnsearchedUser extends SearchedNames {
  readonly userId: UserId
}

/** The people that can be found by name. */
export interface PeopleSearch {
  /** People with a key that begins with `prefix` (see `searchForm`), as the viewer sees them. It leaves out the viewer,
   *  inactive and deleted people, those who do not want to be found, and everybody across a block. */
  find(
    viewerId: UserId,
    page: { readonly prefix: string; readonly limit: number; readonly after?: FoundCursor | undefined }
  ): Promise<FoundPage>
  /** Users that were imported, or stored by an earlier release: at most `limit`, by ascending id. */
  unsearched(limit: number): Promise<UnsearchedUser[]>
  /** Stores the keys of the users, and skips those whose names changed since they were read. Calls of several workers
   *  may overlap. */
  index(users: readonly UnsearchedUser[]): Promise<void>
}
