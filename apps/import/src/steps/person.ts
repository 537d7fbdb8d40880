import { isDjangoHash, profileErrors } from '@rendezvous/api'
import { isUserId, limits } from '@rendezvous/contract'
import type { Notes } from '../report.ts'
import type { SourcePerson } from '../source/people.ts'
import type { Account } from '../target/people.ts'

/** Higher ids are not kept, because the next registration needs an id above all imported ones. */
export const HIGHEST_KEPT_ID = 2_000_000_000
/** Django's mark for a password that no input matches. */
const UNUSABLE = '!'
const HASH_CHARACTERS = 512
const AVATAR_CHARACTERS = 2_048

/** The account of `person`. Records in `notes` every value that had to change. Another account may have its names. */
export function accountOf(person: SourcePerson, notes: Notes): Account {
  const { key } = person
  const cut = (text: string | null, most: number) => {
    const short = firstCharacters(text ?? '', most)
    if (short !== (text ?? '')) notes.change('people', 'text_cut', key)
    return short
  }
  const short = (text: string | null) => cut(text, limits.shortTextCharacters)
  return {
    key,
    wantedId: idOf(key),
    username: usernameOf(person),
    email: emailOf(person, notes),
    passwordHash: passwordHashOf(person, notes),
    firstName: cut(person.firstName, limits.nameCharacters),
    lastName: cut(person.lastName, limits.nameCharacters),
    bio: cut(person.bio, limits.bioCharacters),
    avatar: avatarOf(person, notes),
    birthDate: birthDateOf(person, notes),
    gender: short(person.gender),
    location: short(person.location),
    phone: short(person.phone),
    locale: short(person.locale),
    isActive: person.isActive ?? true,
    dateJoined: person.dateJoined,
    lastSeen: person.lastSeen
  }
}

/** The first name made of `username` and `key` that `isFree` accepts. */
export function otherName(username: string, key: string, isFree: (name: string) => boolean): string {
  for (let n = 1; ; n++) {
    const ending = `_${allowed(key)}${n === 1 ? '' : `_${n}`}`
    const name = `${firstCharacters(username, limits.usernameCharacters - ending.length)}${ending}`
    if (isFree(name)) return name
  }
}

function idOf(key: string): Account['wantedId'] {
  const id = /^\d{1,10}$/.test(key) ? Number(key) : 0
  return isUserId(id) && id <= HIGHEST_KEPT_ID ? id : null
}

/** The user name in NFKC, as Django and we store it, with `_` for characters that are not allowed. */
function usernameOf({ key, username }: SourcePerson): string {
  const name = firstCharacters(allowed((username ?? '').normalize('NFKC')), limits.usernameCharacters)
  return name === '' ? `user_${allowed(key)}` : name
}

function allowed(name: string): string {
  return name.replaceAll(/[^\p{L}\p{N}_.@+-]/gu, '_')
}

function emailOf({ key, email }: SourcePerson, notes: Notes): string {
  const address = (email ?? '').trim()
  if (address === '') return ''
  if (!('email' in profileErrors({ email: address })) && address.length <= limits.emailCharacters) return address
  notes.change('people', 'email_dropped', key)
  return ''
}

function passwordHashOf({ key, password }: SourcePerson, notes: Notes): string {
  const hash = hashOf(password)
  if (!isDjangoHash(hash)) notes.change('people', hash.startsWith(UNUSABLE) ? 'no_password' : 'unknown_hash', key)
  return hash
}

/** What is stored for Django's `password`: the same hash, even when it cannot be checked here. */
export function hashOf(password: string | null): string {
  return password === null || password === '' || password.length > HASH_CHARACTERS ? UNUSABLE : password
}

function avatarOf({ key, avatar }: SourcePerson, notes: Notes): string | null {
  if (avatar === null || avatar === '') return null
  if (/^https?:\/\//i.test(avatar) && avatar.length <= AVATAR_CHARACTERS) return avatar
  notes.change('people', 'avatar_dropped', key)
  return null
}

function birthDateOf({ key, birthDate }: SourcePerson, notes: Notes): string | null {
  if (birthDate === null || birthDate === '') return null
  const day = /^\d{4}-\d{2}-\d{2}/.exec(birthDate)?.[0] ?? ''
  if (!Number.isNaN(Date.parse(day)) && new Date(day).toISOString().startsWith(day)) return day
  notes.change('people', 'date_dropped', key)
  return null
}

/** The first `most` characters of `text`, counted in code points as the columns are. */
export function firstCharacters(text: string, most: number): string {
  return text.length <= most ? text : [...text].slice(0, most).join('')
}
