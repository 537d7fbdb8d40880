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
      'Somebody whose presence I see came online or went offline, or chose to be seen (no more). `last_seen` as far as he and I show ours.'
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
      'Who is online of those whose presence I see, oneself included. Sent when the socket opens, and anew when I chose to be seen or hidden, or when the server may have lost an update.'
  }
)
