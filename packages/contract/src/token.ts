import { type Static, Type } from 'typebox'
import { limits } from './limits.ts'
import { Nullable, ref, Timestamp } from './scalar.ts'
import { Profile } from './user.ts'

/** No longest length: what is longer than `limits.tokenCharacters` is no token, and refused as one that is not valid. */
const Token = Type.String({ minLength: 1 })

/** User name or e-mail address, in upper or lower case, and the password. */
export const LoginRequest = Type.Object(
  {
    username: Type.String({ minLength: 1, maxLength: limits.emailCharacters }),
    password: Type.String({ minLength: 1, maxLength: limits.passwordMax })
  },
  { $id: 'LoginRequest' }
)
export type LoginRequest = Static<typeof LoginRequest>

/** The two tokens of a session. */
export const TokenPair = Type.Object(
  {
    access: Type.String({ description: 'Bearer token of requests and of the socket' }),
    refresh: Type.String({
      description: 'Makes new access tokens; works again until the one that replaced it was used'
    })
  },
  { $id: 'TokenPair' }
)
export type TokenPair = Static<typeof TokenPair>

/** What the first backend's log-in answers; `token` is the access token. */
export const LoginAnswer = Type.Object(
  { token: Type.String(), access: Type.String(), refresh: Type.String(), user: ref(Profile) },
  { $id: 'LoginAnswer' }
)
export type LoginAnswer = Static<typeof LoginAnswer>

/** The refresh token to trade for a new pair. */
export const RefreshRequest = Type.Object({ refresh: Token }, { $id: 'RefreshRequest' })
/** A token of either type. */
export const VerifyRequest = Type.Object({ token: Token }, { $id: 'VerifyRequest' })
/** The session that ends is that of the access token; a refresh token given along ends its own too. */
export const LogoutRequest = Type.Object({ refresh: Type.Optional(Nullable(Type.String())) }, { $id: 'LogoutRequest' })

/** An answer that has nothing to tell but that it was done. */
export const Done = Type.Object({ detail: Type.String() }, { $id: 'Done' })
/** An answer with nothing in it: its status says all. */
export const Nothing = Type.Object({}, { $id: 'Nothing' })

/** The password was changed: every session of the person has ended, and these tokens begin a new one. */
export const PasswordChanged = Type.Object(
  { detail: Type.String(), access: Type.String(), refresh: Type.String() },
  { $id: 'PasswordChanged' }
)
export type PasswordChanged = Static<typeof PasswordChanged>

/** A ticket opens one socket, once. */
export const Ticket = Type.Object({ ticket: Type.String(), expires_at: Timestamp }, { $id: 'Ticket' })
