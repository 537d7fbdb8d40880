import { type Static, Type } from 'typebox'
import { Timestamp } from './scalar.ts'

/** A session's id: a UUID. */
export const SessionId = Type.String({ format: 'uuid', description: 'Id of a session' })
/** The client of a session: its User-Agent header and its address at sign-in; '' when unknown. */
export const device = { user_agent: Type.String(), ip: Type.String() }

/** Why a session ended. `revoked`: the user ended it from another session. `token_reused`: a refresh token came that
 *  had been replaced by a newer one, which may mean that a copy was stolen. */
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
    /** When the session began or was last refreshed. */
    last_used_at: Timestamp,
    ...device,
    current: Type.Boolean({ description: 'Whether this request belongs to the session' })
  },
  { $id: 'Session', description: 'An active session of the caller' }
)
export type Session = Static<typeof Session>
