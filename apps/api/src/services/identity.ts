import { type FieldErrors, invalid, limits, type ProfileUpdate } from '@rendezvous/contract'
import { loginKey, type ProfileChanges, type TakenField } from '../ports/users.ts'

const USERNAME = /^[\p{L}\p{N}_.@+-]+$/u
const BAD_USERNAME = 'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.'
/** As Django's EmailValidator, without quoted local parts and addresses of machines. */
const LOCAL_PART = /^[-!#$%&'*+/=?^_`{}|~0-9a-z]+(?:\.[-!#$%&'*+/=?^_`{}|~0-9a-z]+)*$/i
const DOMAIN_LABEL = /^[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?$/u
const BAD_EMAIL = 'Enter a valid email address.'

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

/** What is wrong with the fields of a profile, beyond what the contract says of each. */
export function profileErrors({ username, email }: ProfileChanges): FieldErrors {
  return { ...usernameErrors(username), ...emailErrors(email) }
}

/** What is wrong with a new password and its confirmation, in Django's words, under the name of the password's field. */
export function passwordErrors(field: string, password: string, confirmation: string | undefined): FieldErrors {
  const errors = [
    ...([...password].length < limits.passwordMin ? [tooShort] : []),
    ...(/^\p{Nd}+$/u.test(password) ? ['This password is entirely numeric.'] : []),
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

const tooShort = `This password is too short. It must contain at least ${limits.passwordMin} characters.`

/** The contract has checked the name as it came; NFKC can have made other characters and more of them of it. */
function usernameErrors(username: string | undefined): FieldErrors {
  if (username === undefined || (USERNAME.test(username) && [...username].length <= limits.usernameCharacters))
    return {}
  return { username: [BAD_USERNAME] }
}

function emailErrors(email: string | undefined): FieldErrors {
  return email === undefined || email === '' || isEmail(email) ? {} : { email: [BAD_EMAIL] }
}

function isEmail(email: string): boolean {
  const at = email.lastIndexOf('@')
  const labels = email.slice(at + 1).split('.')
  if (!LOCAL_PART.test(email.slice(0, Math.max(at, 0))) || loginKey(email).length > limits.emailCharacters) return false
  return (labels.length > 1 || labels[0] === 'localhost') && labels.every(label => DOMAIN_LABEL.test(label))
}
