import type { Presence } from '@rendezvous/cluster'
import { limits, type UserId } from '@rendezvous/contract'
import type { PresenceAudience, Visibility, Watchers } from '../visibility/port.ts'

/** For each user, at their index, the watchers of their presence. Users also see the presence of their own watchers.
 *  @throws ClusterError when the audience is `everyone` and the presence port fails. */
export type Audience = (userIds: readonly UserId[]) => Promise<Watchers[]>

/** The ports and the setting that determine an audience. */
export interface AudienceOptions {
  readonly visibility: Visibility
  readonly presence: Pick<Presence, 'everybody'>
  readonly presenceAudience: PresenceAudience
}

/** The audience that the operator chose. `everyone` covers `limits.presenceEveryone` online users; others are left
 *  out. */
export function audienceOf({ visibility, presence, presenceAudience }: AudienceOptions): Audience {
  if (presenceAudience !== 'everyone') return visibility.contacts
  return async userIds => visibility.among(userIds, await presence.everybody(limits.presenceEveryone))
}
