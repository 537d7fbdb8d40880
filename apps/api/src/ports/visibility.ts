import type { LastSeenVisibility, UserId } from '@rendezvous/contract'

/** Who sees whose presence: those one shares a direct conversation with, or everybody who is online. */
export type PresenceAudience = 'contacts' | 'everyone'

/** Who sees somebody's presence: when exactly he was there, or only the day. They are also those whose presence he sees, and as much of it. */
export interface Watchers {
  readonly exact: readonly UserId[]
  readonly coarse: readonly UserId[]
}

/** Who sees whose presence: never across a block, never of who hides, never who hides himself, never who is gone. */
export interface Visibility {
  /** For each user, under his place, those with whom he shares a direct conversation that both are in, `limits.presenceContacts` at
   *  most: those of the last changed conversations. */
  contacts(userIds: readonly UserId[]): Promise<Watchers[]>
  /** For each user, under his place, those among `others`, himself left out. */
  among(userIds: readonly UserId[], others: readonly UserId[]): Promise<Watchers[]>
}

const DAY_MS = 86_400_000

/** When somebody was last there, as far as it may be seen: to the day in UTC when coarse, null when hidden. */
export function lastSeenShown(lastSeen: Date | null, visibility: LastSeenVisibility): Date | null {
  if (lastSeen === null || visibility === 'hidden') return null
  return visibility === 'exact' ? lastSeen : new Date(Math.floor(lastSeen.getTime() / DAY_MS) * DAY_MS)
}
