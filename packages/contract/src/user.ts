import { type Static, Type } from 'typebox'
import { limits } from './limits.ts'
import { Nullable, Timestamp, UserId } from './scalar.ts'

const Username = Type.String({
  minLength: 1,
  maxLength: limits.usernameCharacters,
  pattern: '^[\\p{L}\\p{N}_.@+-]+$',
  description:
    'Letters, digits and @/./+/-/_ ; unique, ignoring case. A new one must not look like that of another user'
})
const Email = Type.String({
  maxLength: limits.emailCharacters,
  description: "An e-mail address, unique ignoring case; '' if there is none"
})
const GivenEmail = Type.String({
  format: 'email',
  maxLength: limits.emailCharacters,
  description: "An e-mail address, unique ignoring case; '' removes it"
})
const Password = Type.String({
  format: 'password',
  minLength: 1,
  maxLength: limits.passwordMax,
  description: `At least ${limits.passwordMin} characters, not all of them digits. White space around it is removed`
})
const GivenPassword = Type.String({ minLength: 1, maxLength: limits.passwordMax })
const Name = Type.String({
  maxLength: limits.nameCharacters,
  description: 'Characters of a new name are visible or spaces'
})
const Bio = Type.String({ maxLength: limits.bioCharacters })
const ShortText = Type.String({ maxLength: limits.shortTextCharacters })
const BirthDate = Nullable(Type.String({ format: 'date', description: 'YYYY-MM-DD' }))
const PresenceStatus = Type.Union([Type.Literal('online'), Type.Literal('offline')])

const Findable = Type.Boolean({ description: 'Whether others find the caller by name; true unless they chose' })

/** How much of a user's presence others see. The user sees no more of other users' presence than they show of their
 *  own. */
export const LastSeenVisibility = Type.Union([Type.Literal('exact'), Type.Literal('coarse'), Type.Literal('hidden')], {
  description:
    'What others see of the caller. `exact`: online and the time last seen. `coarse`: online and the day last seen. `hidden`: nothing. The caller sees no more than this of others'
})
export type LastSeenVisibility = Static<typeof LastSeenVisibility>

/** The fields of a user that any signed-in caller sees, except across a block. For clients of the Django backends,
 *  `online` and `status` repeat `is_online`, `profile_picture` repeats `avatar`, and `last_activity` repeats `last_seen`. If the caller may not see the presence, `is_online` is false and
 *  `last_seen` null. */
const publicFields = {
  id: UserId,
  username: Username,
  first_name: Name,
  last_name: Name,
  bio: Bio,
  avatar: Nullable(Type.String({ description: 'URL of the picture' })),
  profile_picture: Nullable(Type.String({ description: 'The same as `avatar`' })),
  gender: ShortText,
  location: ShortText,
  is_online: Type.Boolean(),
  online: Type.Boolean(),
  status: PresenceStatus,
  last_seen: Nullable(Timestamp),
  last_activity: Nullable(Timestamp),
  is_active: Type.Boolean({ description: 'Always true: a deleted account is not found' }),
  date_joined: Timestamp
}

export const User = Type.Object(publicFields, { $id: 'User', description: 'A user as others see them' })
export type User = Static<typeof User>

/** A user at the first backend's path. It has `email` when the server lists people with their addresses. */
export const Person = Type.Object(
  { ...publicFields, email: Type.Optional(Email) },
  { $id: 'Person', description: 'A user as others see them' }
)
export type Person = Static<typeof Person>

/** An entry of the list of people. A person who shows neither a name nor an address has their user name as
 *  `first_name`. */
export const ListedPerson = Type.Object(
  { id: UserId, first_name: Name, last_name: Name, email: Type.Optional(Email) },
  { $id: 'ListedPerson', description: 'A person in the list of people. `email` is there when the server shows it' }
)
export type ListedPerson = Static<typeof ListedPerson>

/** The caller's own profile: the public fields, and those that only the caller sees. */
export const Profile = Type.Object(
  {
    ...publicFields,
    email: Email,
    phone: ShortText,
    phone_number: ShortText,
    birth_date: BirthDate,
    date_of_birth: BirthDate,
    locale: ShortText,
    last_seen_visibility: LastSeenVisibility,
    findable: Findable
  },
  { $id: 'Profile', description: 'A user as they see themselves' }
)
export type Profile = Static<typeof Profile>

/** The fields of a profile that the caller may set. */
const editable = {
  email: Type.Optional(GivenEmail),
  first_name: Type.Optional(Name),
  last_name: Type.Optional(Name),
  bio: Type.Optional(Bio),
  gender: Type.Optional(ShortText),
  location: Type.Optional(ShortText),
  phone: Type.Optional(ShortText),
  birth_date: Type.Optional(BirthDate),
  locale: Type.Optional(ShortText),
  last_seen_visibility: Type.Optional(LastSeenVisibility),
  findable: Type.Optional(Findable)
}

/** A new account. `password_confirm`, if given, must equal `password`. */
export const RegisterRequest = Type.Object(
  {
    username: Username,
    password: Password,
    password_confirm: Type.Optional(Type.String({ maxLength: limits.passwordMax })),
    ...editable
  },
  { $id: 'RegisterRequest' }
)
export type RegisterRequest = Static<typeof RegisterRequest>

/** A new account as the first backend creates it. Without `username`, `email` is required: the person signs in by it,
 *  and gets a generated user name. */
export const RegisterByEmail = Type.Object(
  { ...RegisterRequest.properties, username: Type.Optional(Username) },
  { $id: 'RegisterByEmail' }
)
export type RegisterByEmail = Static<typeof RegisterByEmail>

/** Changes of the caller's profile. Absent fields keep their value. */
export const ProfileUpdate = Type.Object({ username: Type.Optional(Username), ...editable }, { $id: 'ProfileUpdate' })
export type ProfileUpdate = Static<typeof ProfileUpdate>

/** The current password and the new one. `new_password_confirm`, if given, must equal `new_password`. */
export const ChangePasswordRequest = Type.Object(
  {
    old_password: GivenPassword,
    new_password: Password,
    new_password_confirm: Type.Optional(Type.String({ maxLength: limits.passwordMax }))
  },
  { $id: 'ChangePasswordRequest' }
)
export type ChangePasswordRequest = Static<typeof ChangePasswordRequest>

/** The presence that the caller chooses: a boolean, or one of the words of `booleanWords`. Without it the caller is
 *  online. */
export const UpdateStatusRequest = Type.Object(
  { is_online: Type.Optional(Type.Boolean()) },
  { $id: 'UpdateStatusRequest' }
)

/** The caller's presence after they chose it, as those who may see it do. */
export const UserStatus = Type.Object(
  {
    id: UserId,
    is_online: Type.Boolean(),
    online: Type.Boolean(),
    status: PresenceStatus,
    last_seen: Nullable(Timestamp),
    detail: Type.String()
  },
  { $id: 'UserStatus' }
)
export type UserStatus = Static<typeof UserStatus>
