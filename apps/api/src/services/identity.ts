import {
  badEmail,
  emailProblem,
  type FieldErrors,
  invalid,
  limits,
  type ProfileUpdate,
  passwordProblems
} from '@rendezvous/contract'
import { loginKey, type ProfileChanges, type TakenField } from '../ports/users.ts'

const USERNAME = /^[\p{L}\p{N}_.@+-]+$/u
const BAD_USERNAME = 'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.'

const takenTexts: Readonly<Record<TakenField, string>> = {
  username: 'A user with that username already exists.',
  email: 'user with this email already exists.'
}

/** The fields of a profile as they are to be stored: user names in NFKC, as Django keeps them. */
export function profileChanges(given: ProfileUpdate): ProfileChanges {
  const { email, bio, gender, location, phone, locale } = given
  const changes = { username: given.username?.normalize('NFKC'), email, bio, gender, location, phone, locale }
  const renamed = {
    firstName: given.first_name,
    lastName: given.last_name,
    birthDate: given.birth_date,
    lastSeenVisibility: given.last_seen_visibility
  }
  return Object.fromEntries(Object.entries({ ...changes, ...renamed }).filter(([, value]) => value !== undefined))
}

/** An address as Django's user manager keeps that of a new account: the domain in lower case. */
export function normalizedEmail(email: string): string {
  const at = email.lastIndexOf('@') + 1
  return at === 0 ? email : email.slice(0, at) + email.slice(at).toLowerCase()
}

/** What is wrong with the fields of a profile, beyond what the contract says of each. */
export function profileErrors({ username, email }: ProfileChanges): FieldErrors {
  return { ...usernameErrors(username), ...emailErrors(email) }
}

/** What is wrong with a new password and its confirmation, in Django's words, under the name of the password's field. */
export function passwordErrors(field: string, password: string, confirmation: string | undefined): FieldErrors {
  const errors = [
    ...passwordProblems(password),
    ...(confirmation !== undefined && confirmation !== password ? ["Password fields didn't match."] : [])
  ]
  return errors.length > 0 ? { [field]: errors } : {}
}

/** The errors of names that another person holds. */
export function takenErrors(fields: readonly TakenField[]): FieldErrors {
  return Object.fromEntries(fields.map(field => [field, [takenTexts[field]]]))
}

/** @throws invalid unless there is nothing to say. */
export function throwAll(errors: FieldErrors): void {
  if (Object.keys(errors).length > 0) throw invalid(errors)
}

/** The contract has checked the name as it came; NFKC can have made other characters and more of them of it. */
function usernameErrors(username: string | undefined): FieldErrors {
  if (username === undefined || (USERNAME.test(username) && [...username].length <= limits.usernameCharacters))
    return {}
  return { username: [BAD_USERNAME] }
}

/** In the form in which it is looked up an address can be longer than it is. */
function emailErrors(email = ''): FieldErrors {
  const problem = loginKey(email).length > limits.emailCharacters ? badEmail : emailProblem(email)
  return problem === null ? {} : { email: [problem] }
}
