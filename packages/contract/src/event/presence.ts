import { Type } from 'typebox'
import { limits } from '../limits.ts'
import { Nullable, Timestamp, UserId } from '../scalar.ts'
import { live } from './common.ts'

export const PresenceUpdate = Type.Object(
  {
    type: Type.Literal('presence_update'),
    user_id: UserId,
    online: Type.Boolean(),
    last_seen: Nullable(Timestamp),
    ...live
  },
  { $id: 'PresenceUpdate', description: 'A contact came online or went offline' }
)
export const PresenceSnapshot = Type.Object(
  {
    type: Type.Literal('presence_snapshot'),
    online_user_ids: Type.Array(UserId, { maxItems: limits.presenceContacts + 1 }),
    ...live
  },
  {
    $id: 'PresenceSnapshot',
    description: 'Who of the contacts is online, oneself included. Sent once, when the socket opens.'
  }
)
