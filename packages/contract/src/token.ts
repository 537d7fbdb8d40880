import { type Static, Type } from 'typebox'
import { limits } from './limits.ts'
import { Nullable, ref, Timestamp } from './scalar.ts'
import { Profile } from './user.ts'

/** Without a maximum length: a token above `limits.tokenCharacters` is refused as invalid, not as too long. */
const Token = Type.String({ minLength: 1 })

/** A login. `username` is the user name or the e-mail address, in any case. */
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
    access: Type.String({ description: 'Bearer token for requests and the socket' }),
    refresh: Type.String({
      description: 'Token for `POST /api/token/refresh/`. It keeps working until the token that replaces it is used'
    })
  },
  { $id: 'TokenPair' }
)
export type TokenPair = Static<typeof TokenPair>

/** The answer to a login, as the first backend has it. `token` repeats `access`. */
export const LoginAnswer = Type.Object(
  { token: Type.String(), access: Type.String(), refresh: Type.String(), user: ref(Profile) },
  { $id: 'LoginAnswer' }
)
export type LoginAnswer = Static<typeof LoginAnswer>

/** The refresh token to exchange for a new pair. */
export const RefreshRequest = Type.Object({ refresh: Token }, { $id: 'RefreshRequest' })
/** A token of either type. */
export const VerifyRequest = Type.Object({ token: Token }, { $id: 'VerifyRequest' })
/** A logout ends the session of the access token, and that of `refresh` if it is given. */
export const LogoutRequest = Type.Object({ refresh: Type.Optional(Nullable(Type.String())) }, { $id: 'LogoutRequest' })

/** The answer of a request that has no result. */
export const Done = Type.Object({ detail: Type.String() }, { $id: 'Done' })
/** An empty answer: its status is the result. */
export const Nothing = Type.Object({}, { $id: 'Nothing' })

/** The answer to a password change. All sessions of the user have ended; the tokens belong to a new one. */
export const PasswordChanged = Type.Object(
  { detail: Type.String(), access: Type.String(), refresh: Type.String() },
  { $id: 'PasswordChanged' }
)
export type PasswordChanged = Static<typeof PasswordChanged>

/** A ticket that opens one socket, once, until `expires_at`. */
export const Ticket = Type.Object({ ticket: Type.String(), expires_at: Timestamp }, { $id: 'Ticket' })
