import { type Static, Type } from 'typebox'
import { device, EndReason, SessionId } from '../session.ts'
import { sequenced } from './common.ts'

export const SessionStarted = Type.Object(
  { type: Type.Literal('session_started'), session_id: SessionId, ...device, ...sequenced },
  { $id: 'SessionStarted', description: 'I signed in: if it was not me, I had better change my password' }
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
      'A session of mine ended. `token_reused`: a refresh token of it was used that another had replaced, so somebody may have a copy.'
  }
)

/** Every event of a personal stream, by `type`: what concerns one person alone, and goes to all his devices. */
export const personalEvents = Object.freeze({ session_started: SessionStarted, session_ended: SessionEnded })

/** Any event of a personal stream. */
export const PersonalEvent = Type.Unsafe<PersonalEvent>(
  Type.Union(
    Object.values(personalEvents).map(({ properties }) => Type.Object(properties)),
    { $id: 'PersonalEvent', description: 'An event of my personal stream, as the socket tells it' }
  )
)

type PersonalEvents = { [Name in keyof typeof personalEvents]: Static<(typeof personalEvents)[Name]> }
export type PersonalEvent = PersonalEvents[keyof PersonalEvents]
/** What an event of a personal stream says, apart from its place there. */
export type PersonalFacts = {
  [Name in keyof PersonalEvents]: Omit<PersonalEvents[Name], keyof typeof sequenced>
}[keyof PersonalEvents]
