import { type Static, Type } from 'typebox'
import { Timestamp } from './scalar.ts'

/** A session's id: a UUID. */
export const SessionId = Type.String({ format: 'uuid', description: 'Id of a session' })
/** The program that signed in, as it named itself, and the address it came from; '' when unknown. */
export const device = { user_agent: Type.String(), ip: Type.String() }

/** Why a session ended: its person ended it from another one, signed out of it or changed his password, or a refresh token of it came that
 *  another had replaced, as a stolen copy does. */
export const EndReason = Type.Union([
  Type.Literal('revoked'),
  Type.Literal('logged_out'),
  Type.Literal('password_changed'),
  Type.Literal('token_reused')
])
export type EndReason = Static<typeof EndReason>

export const Session = Type.Object(
  {
    id: SessionId,
    created_at: Timestamp,
    /** When it began, or last got new tokens. */
    last_used_at: Timestamp,
    ...device,
    current: Type.Boolean({ description: 'Whether it is the session of this request' })
  },
  { $id: 'Session', description: 'A log-in of mine that stands' }
)
export type Session = Static<typeof Session>
