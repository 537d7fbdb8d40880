import { type Static, Type } from 'typebox'
import { device, EndReason, SessionId } from '../session.ts'
import { sequenced } from './common.ts'

export const SessionStarted = Type.Object(
  { type: Type.Literal('session_started'), session_id: SessionId, ...device, ...sequenced },
  {
    $id: 'SessionStarted',
    description:
      'A session of the user started. If it was not the user who signed in, they should change their password'
  }
)
export const SessionEnded = Type.Object(
  {
    type: Type.Literal('session_ended'),
    session_id: SessionId,
    user_agent: device.user_agent,
    reason: EndReason,
    ...sequenced
  },
  {
    $id: 'SessionEnded',
    description:
      'A session of the user ended. `token_reused`: a refresh token was used that a newer one had replaced, so it may have been copied.'
  }
)

/** Schema of every event of a personal stream, by `type`. They are sent to all devices of one user. */
export const personalEvents = Object.freeze({ session_started: SessionStarted, session_ended: SessionEnded })

/** Any event of a personal stream. */
export const PersonalEvent = Type.Unsafe<PersonalEvent>(
  Type.Union(
    Object.values(personalEvents).map(({ properties }) => Type.Object(properties)),
    { $id: 'PersonalEvent', description: "An event of the caller's personal stream, as the socket sends it" }
  )
)

type PersonalEvents = { [Name in keyof typeof personalEvents]: Static<(typeof personalEvents)[Name]> }
export type PersonalEvent = PersonalEvents[keyof PersonalEvents]
/** The content of a personal event, without `stream`, `seq` and the other fields of every event. */
export type PersonalFacts = {
  [Name in keyof PersonalEvents]: Omit<PersonalEvents[Name], keyof typeof sequenced>
}[keyof PersonalEvents]
