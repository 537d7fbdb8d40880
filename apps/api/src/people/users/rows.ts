import { type LastSeenVisibility, limits } from '@rendezvous/contract'
import { lastSeenShown } from '../visibility/port.ts'
import type { PublicUserRow, SeenUser } from './port.ts'

/** The columns of a person `p` that others see. */
export const PUBLIC_COLUMNS = `p.id, p.username, p.first_name AS "firstName", p.last_name AS "lastName", p.bio, p.avatar, p.gender,
  p.location, p.last_seen AS "lastSeen", p.date_joined AS "dateJoined"`

/** The rank of each visibility in the database. A higher rank shows less. */
export const visibilityRanks = Object.freeze({ exact: 1, coarse: 2, hidden: 3 } satisfies Record<
  LastSeenVisibility,
  number
>)

/** The rank of the presence of `p` for the viewer `v`: the higher rank of their two choices, or `exact` for
 *  oneself. */
export const PRESENCE_RANK = `CASE WHEN v.id = p.id THEN ${visibilityRanks.exact} ELSE greatest(v.last_seen_visibility, p.last_seen_visibility) END`

/** Whether `v` and `p` are contacts. Two users are contacts when they have a direct conversation and neither has left
 *  it. It then has two members. */
const CONTACTS = `coalesce((SELECT x.member_count = 2 FROM conversation x
      WHERE x.user_low = least(v.id, p.id) AND x.user_high = greatest(v.id, p.id) LIMIT 1), false)`

/** Whether `p` is deleted or inactive, or one of `p` and the person with the id `viewer` blocked the other. */
function isUnavailableTo(viewer: string): string {
  return `(p.deleted_at IS NOT NULL OR NOT p.is_active OR across_block(${viewer}, p.id))`
}

/**
 * The memberships `x` whose watermarks `viewer` sees, in the conversation `c` with the id `id`. It leaves out the
 * viewer, and members who are unavailable to them. Above `limits.receiptMembers` members there are none.
 */
export function telling(viewer: string, id: string): string {
  return `membership x JOIN LATERAL (SELECT ${isUnavailableTo(viewer)} AS unavailable FROM person p WHERE p.id = x.user_id LIMIT 1) h ON NOT h.unavailable
    WHERE x.conversation_id = ${id} AND x.user_id <> ${viewer} AND c.member_count <= ${limits.receiptMembers}`
}

/** Adds to each person `p` a row `h` that says what the person with the id `viewer` may see of them:
 *  - `h.unavailable`: see `isUnavailableTo`.
 *  - `h.rank`: `PRESENCE_RANK`, or that of `hidden` when `p` is unavailable. It is also `hidden` when the two are not
 *    contacts, unless `includeNonContacts` is true.
 *
 *  The arguments are SQL. */
export function joinVisibility(viewer: string, includeNonContacts: string): string {
  return `JOIN LATERAL (SELECT b.unavailable,
      CASE WHEN b.unavailable OR NOT (${includeNonContacts} OR v.id = p.id OR ${CONTACTS}) THEN ${visibilityRanks.hidden} ELSE ${PRESENCE_RANK} END AS rank
    FROM person v CROSS JOIN LATERAL (SELECT ${isUnavailableTo('v.id')} AS unavailable) b
    WHERE v.id = ${viewer} LIMIT 1) h ON true`
}

/** A row of `PUBLIC_COLUMNS` and `h.rank`. */
export interface SeenRow extends PublicUserRow {
  readonly rank: number
}

/** The user of a row, without the fields that the viewer must not see. */
export function toSeen({ rank, ...person }: SeenRow): SeenUser {
  const visibility = toVisibility(rank)
  return { ...person, lastSeen: lastSeenShown(person.lastSeen, visibility), hidden: visibility === 'hidden' }
}

const visibilities: Readonly<Record<number, LastSeenVisibility>> = {
  [visibilityRanks.exact]: 'exact',
  [visibilityRanks.coarse]: 'coarse'
}

/** The visibility for a stored rank. An unknown rank is hidden. */
export function toVisibility(rank: number): LastSeenVisibility {
  return visibilities[rank] ?? 'hidden'
}
