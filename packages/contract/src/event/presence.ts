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
  {
    $id: 'PresenceUpdate',
    description:
      'A user whose presence the receiver may see came online, went offline, or changed who may see it. `last_seen` is as exact as both users allow.'
  }
)
export const PresenceSnapshot = Type.Object(
  {
    type: Type.Literal('presence_snapshot'),
    online_user_ids: Type.Array(UserId, { maxItems: limits.presenceEveryone + 1 }),
    ...live
  },
  {
    $id: 'PresenceSnapshot',
    description:
      'The users who are online, the receiver included, among those whose presence the receiver may see. Sent when the socket opens, when the receiver changes their own visibility, and when an update may have been lost.'
  }
)
