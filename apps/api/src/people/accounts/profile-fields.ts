import {
  emailProblem,
  type FieldErrors,
  fieldText,
  invalid,
  limits,
  nameProblem,
  type ProfileUpdate,
  passwordProblems
} from '@rendezvous/contract'
import { loginKey, type ProfileChanges, type ProfileRow, type TakenField } from '../users/port.ts'

const USERNAME = /^[\p{L}\p{N}_.@+-]+$/u
/** 62 random bits: among 10 million names, two are equal with a probability of 1 in 90,000. */
const GENERATED_CHARACTERS = 16

const takenTexts: Readonly<Record<TakenField, string>> = {
  username: 'A user with that username already exists.',
  email: 'user with this email already exists.'
}

/** The fields of a request as the `Users` port stores them. User names are in NFKC, as in Django. */
export function profileChanges(given: ProfileUpdate): ProfileChanges {
  const { email, bio, gender, location, phone, locale, findable } = given
  const changes = { username: given.username?.normalize('NFKC'), email, bio, gender, location, phone, locale, findable }
  const renamed = {
    firstName: given.first_name,
    lastName: given.last_name,
    birthDate: given.birth_date,
    lastSeenVisibility: given.last_seen_visibility
  }
  return Object.fromEntries(Object.entries({ ...changes, ...renamed }).filter(([, value]) => value !== undefined))
}

/** An e-mail address with its domain in lower case, as Django's user manager stores it for a new account. */
export function normalizedEmail(email: string): string {
  const at = email.lastIndexOf('@') + 1
  return at === 0 ? email : email.slice(0, at) + email.slice(at).toLowerCase()
}

/** The user name of a person who signs in by their address. It tells nothing of the address, since others see user
 *  names. */
export function generatedName(newId: () => string): string {
  return `user_${newId().replaceAll('-', '').slice(-GENERATED_CHARACTERS)}`
}

/** The errors of profile fields that the contract's schemas do not find. Names are not judged while they stay as they
 *  are in `stored`: imported ones may break a rule. */
export function profileErrors(changes: ProfileChanges, stored: Partial<Names> = {}): FieldErrors {
  const { username, firstName, lastName } = changes
  return {
    ...(username === stored.username?.normalize('NFKC') ? {} : usernameErrors(username)),
    ...(firstName === stored.firstName ? {} : nameErrors('first_name', firstName)),
    ...(lastName === stored.lastName ? {} : nameErrors('last_name', lastName)),
    ...emailErrors(changes.email)
  }
}

/** The fields of a profile that are names. */
type Names = Pick<ProfileRow, 'username' | 'firstName' | 'lastName'>

/** Whether the changes name the user anew. */
export function changesNames({ username, firstName, lastName }: ProfileChanges): boolean {
  return username !== undefined || firstName !== undefined || lastName !== undefined
}

/** The errors of a new password and its confirmation, in Django's words, under the key `field`. */
export function passwordErrors(field: string, password: string, confirmation: string | undefined): FieldErrors {
  const errors = [
    ...passwordProblems(password),
    ...(confirmation !== undefined && confirmation.normalize('NFKC') !== password.normalize('NFKC')
      ? ["Password fields didn't match."]
      : [])
  ]
  return errors.length > 0 ? { [field]: errors } : {}
}

/** The errors of user names and addresses that belong to another person. */
export function takenErrors(fields: readonly TakenField[]): FieldErrors {
  return Object.fromEntries(fields.map(field => [field, [takenTexts[field]]]))
}

/** @throws invalid when there is an error. */
export function throwIfAny(errors: FieldErrors): void {
  if (Object.keys(errors).length > 0) throw invalid(errors)
}

/** Checks again after the contract, because NFKC can change the characters of a name and their number. */
function usernameErrors(username: string | undefined): FieldErrors {
  if (username === undefined) return {}
  const isAllowed = USERNAME.test(username) && nameProblem(username, limits.usernameCharacters) === null
  return isAllowed ? {} : { username: [fieldText('invalid_username')] }
}

function nameErrors(field: string, name = ''): FieldErrors {
  const problem = name === '' ? null : nameProblem(name, limits.nameCharacters)
  return problem === null ? {} : { [field]: [problem] }
}

/** Checks the length of the log-in key, which can be longer than the address. */
function emailErrors(email = ''): FieldErrors {
  const problem = loginKey(email).length > limits.emailCharacters ? fieldText('invalid_email') : emailProblem(email)
  return problem === null ? {} : { email: [problem] }
}
