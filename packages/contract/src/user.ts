import { type Static, Type } from 'typebox'
import { limits } from './limits.ts'
import { Nullable, Timestamp, UserId } from './scalar.ts'

const Username = Type.String({
  minLength: 1,
  maxLength: limits.usernameCharacters,
  pattern: '^[\\p{L}\\p{N}_.@+-]+$',
  description: 'Letters, digits and @/./+/-/_ ; unique without regard to case'
})
const Email = Type.String({
  maxLength: limits.emailCharacters,
  description: "An e-mail address, unique without regard to case; '' when none"
})
const GivenEmail = Type.String({
  format: 'email',
  maxLength: limits.emailCharacters,
  description: "An e-mail address, unique without regard to case; '' for none"
})
const Password = Type.String({
  format: 'password',
  minLength: 1,
  maxLength: limits.passwordMax,
  description: `At least ${limits.passwordMin} characters, and not only digits; white space around it is dropped`
})
const GivenPassword = Type.String({ minLength: 1, maxLength: limits.passwordMax })
const Name = Type.String({ maxLength: limits.nameCharacters })
const Bio = Type.String({ maxLength: limits.bioCharacters })
const ShortText = Type.String({ maxLength: limits.shortTextCharacters })
const BirthDate = Nullable(Type.String({ format: 'date', description: 'YYYY-MM-DD' }))
const PresenceStatus = Type.Union([Type.Literal('online'), Type.Literal('offline')])

/** How much others see of when a person is online and was last online. In turn he sees no more of theirs than they of his. */
export const LastSeenVisibility = Type.Union([Type.Literal('exact'), Type.Literal('coarse'), Type.Literal('hidden')], {
  description:
    'What others see of me: when I am online and when I was last; online, and the day I was last; or nothing. In turn I see as little of theirs.'
})
export type LastSeenVisibility = Static<typeof LastSeenVisibility>

/** What a person is to anybody signed in who is not across a block. `is_online`, `online` and `status` say the same, for the clients of both seeds:
 *  false, and `last_seen` null, to whom his presence is not told. */
const publicFields = {
  id: UserId,
  username: Username,
  first_name: Name,
  last_name: Name,
  bio: Bio,
  avatar: Nullable(Type.String({ description: 'Address of the picture' })),
  gender: ShortText,
  location: ShortText,
  is_online: Type.Boolean(),
  online: Type.Boolean(),
  status: PresenceStatus,
  last_seen: Nullable(Timestamp),
  date_joined: Timestamp
}

export const User = Type.Object(publicFields, { $id: 'User', description: 'A person, as others see him' })
export type User = Static<typeof User>

/** One's own profile: what others see, and what only oneself sees. */
export const Profile = Type.Object(
  {
    ...publicFields,
    email: Email,
    phone: ShortText,
    birth_date: BirthDate,
    locale: ShortText,
    last_seen_visibility: LastSeenVisibility
  },
  { $id: 'Profile', description: 'A person, as he sees himself' }
)
export type Profile = Static<typeof Profile>

/** The fields of a profile that its owner may set. */
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
  last_seen_visibility: Type.Optional(LastSeenVisibility)
}

/** A new account: a user name, a password (its repetition, when given, must be the same) and any of the profile's fields. */
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

/** What is to change of one's profile; what is absent stays as it is. */
export const ProfileUpdate = Type.Object({ username: Type.Optional(Username), ...editable }, { $id: 'ProfileUpdate' })
export type ProfileUpdate = Static<typeof ProfileUpdate>

/** The password in use, and the one to take its place. */
export const ChangePasswordRequest = Type.Object(
  {
    old_password: GivenPassword,
    new_password: Password,
    new_password_confirm: Type.Optional(Type.String({ maxLength: limits.passwordMax }))
  },
  { $id: 'ChangePasswordRequest' }
)
export type ChangePasswordRequest = Static<typeof ChangePasswordRequest>

/** `is_online` as a boolean, or as `status` does it: 'online' and 'offline'. Who says nothing is there, so he is online. */
export const UpdateStatusRequest = Type.Object(
  { is_online: Type.Optional(Type.Boolean()) },
  { $id: 'UpdateStatusRequest' }
)

/** Whether a person is online now, after he said how he wants to be seen: by those to whom he shows it. */
export const UserStatus = Type.Object(
  {
    id: UserId,
    is_online: Type.Boolean(),
    online: Type.Boolean(),
    status: PresenceStatus,
    last_seen: Nullable(Timestamp)
  },
  { $id: 'UserStatus' }
)
export type UserStatus = Static<typeof UserStatus>
