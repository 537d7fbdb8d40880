import type { LastSeenVisibility, UserId } from '@rendezvous/contract'

/** Who sees the presence of a user: people with a direct conversation with them, or everybody who is online. */
export type PresenceAudience = 'contacts' | 'everyone'

/** The users who see someone's presence, with the exact time or the day of `last_seen`. It is mutual: that user
 *  sees theirs equally well. */
export interface Watchers {
  readonly exact: readonly UserId[]
  readonly coarse: readonly UserId[]
}

/** Who sees whose presence. Leaves out pairs across a block, and users who hide their presence, are deleted or
 *  inactive. */
export interface Visibility {
  /** For each user, in the order of `userIds`, the other members of their direct conversations. Both must still be
   *  members. At most `limits.presenceContacts` watchers, from the last changed conversations. */
  contacts(userIds: readonly UserId[]): Promise<Watchers[]>
  /** For each user, in the order of `userIds`, the watchers among `others`, without the user. */
  among(userIds: readonly UserId[], others: readonly UserId[]): Promise<Watchers[]>
}

const DAY_MS = 86_400_000

/** `lastSeen` as `visibility` shows it: to the day in UTC when coarse, null when hidden. */
export function lastSeenShown(lastSeen: Date | null, visibility: LastSeenVisibility): Date | null {
  if (lastSeen === null || visibility === 'hidden') return null
  return visibility === 'exact' ? lastSeen : new Date(Math.floor(lastSeen.getTime() / DAY_MS) * DAY_MS)
}
