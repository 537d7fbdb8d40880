import { type LastSeenVisibility, limits } from '@rendezvous/contract'
import type { PublicUserRow, SeenUser } from '../ports/users.ts'
import { lastSeenShown } from '../ports/visibility.ts'

/** The columns of a person `p` that others see. */
export const PUBLIC_COLUMNS = `p.id, p.username, p.first_name AS "firstName", p.last_name AS "lastName", p.bio, p.avatar, p.gender,
  p.location, p.last_seen AS "lastSeen", p.date_joined AS "dateJoined"`

/** The rank of how much a person `v` sees of the presence of `p`: the less of what the two chose, all of it of himself. */
export const SIGHT = 'CASE WHEN v.id = p.id THEN 1 ELSE greatest(v.last_seen_visibility, p.last_seen_visibility) END'

/** Whether the persons `v` and `p` share a direct conversation that both are in, which then has two members. */
const CONTACTS = `coalesce((SELECT x.member_count = 2 FROM conversation x
      WHERE x.user_low = least(v.id, p.id) AND x.user_high = greatest(v.id, p.id) LIMIT 1), false)`

/** True of a person `p` who is apart from the person whose id is `viewer`: a block lies between them, or he is gone. */
function apart(viewer: string): string {
  return `(p.deleted_at IS NOT NULL OR NOT p.is_active OR across_block(${viewer}, p.id))`
}

/**
 * The memberships `x`, of the conversation `c` whose id is `id`, whose watermarks the person whose id is `viewer` sees: of those who are
 * not apart from him, himself left out; none where members are more than tell how far they got.
 */
export function telling(viewer: string, id: string): string {
  return `membership x JOIN LATERAL (SELECT ${apart(viewer)} AS apart FROM person p WHERE p.id = x.user_id LIMIT 1) h ON NOT h.apart
    WHERE x.conversation_id = ${id} AND x.user_id <> ${viewer} AND c.member_count <= ${limits.receiptMembers}`
}

/** Joins to a person `p` how he stands to the person whose id is `viewer`, as `h`: `apart`; and `sight`, `SIGHT`, or 3 when apart or, unless
 *  `everyone` is true, no contact of his. */
export function seenBy(viewer: string, everyone: string): string {
  return `JOIN LATERAL (SELECT b.apart,
      CASE WHEN b.apart OR NOT (${everyone} OR v.id = p.id OR ${CONTACTS}) THEN 3 ELSE ${SIGHT} END AS sight
    FROM person v CROSS JOIN LATERAL (SELECT ${apart('v.id')} AS apart) b
    WHERE v.id = ${viewer} LIMIT 1) h ON true`
}

/** A row of `PUBLIC_COLUMNS` and `h.sight`. */
export interface SeenRow extends PublicUserRow {
  readonly sight: number
}

/** The person of a row, without what is not to be seen of him. */
export function toSeen({ sight, ...person }: SeenRow): SeenUser {
  const visibility = toVisibility(sight)
  return { ...person, lastSeen: lastSeenShown(person.lastSeen, visibility), hidden: visibility === 'hidden' }
}

const visibilities: Readonly<Record<number, LastSeenVisibility>> = { 1: 'exact', 2: 'coarse' }

/** The choice of a rank in the database. */
export function toVisibility(rank: number): LastSeenVisibility {
  return visibilities[rank] ?? 'hidden'
}

/** The rank of a choice in the database: the higher, the less is seen. */
export const visibilityRanks = Object.freeze({ exact: 1, coarse: 2, hidden: 3 } satisfies Record<
  LastSeenVisibility,
  number
>)
