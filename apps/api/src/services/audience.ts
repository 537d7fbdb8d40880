import type { Presence } from '@rendezvous/cluster'
import { limits, type UserId } from '@rendezvous/contract'
import type { PresenceAudience, Visibility, Watchers } from '../ports/visibility.ts'

/** Under the place of each person who is to be told of his presence, and whose presence he is told.
 *  @throws ClusterError when it is everyone and presence cannot be reached. */
export type Audience = (userIds: readonly UserId[]) => Promise<Watchers[]>

/** What an audience is found with. */
export interface AudienceOptions {
  readonly visibility: Visibility
  readonly presence: Pick<Presence, 'everybody'>
  readonly presenceAudience: PresenceAudience
}

/** The audience that the operator chose. Of more than `limits.presenceEveryone` who are online, some hear nothing. */
export function audienceOf({ visibility, presence, presenceAudience }: AudienceOptions): Audience {
  if (presenceAudience !== 'everyone') return visibility.contacts
  return async userIds => visibility.among(userIds, await presence.everybody(limits.presenceEveryone))
}
