import { limits, type UserId } from '@rendezvous/contract'
import { grouped } from '../../database/grouped.ts'
import type { Database, Statement } from '../../database/port.ts'
import { joinVisibility, PRESENCE_RANK, toVisibility, visibilityRanks } from '../users/rows.ts'
import type { Visibility, Watchers } from './port.ts'

const CONTACTS: Statement = {
  name: 'visibility_contacts',
  text: `SELECT o.id AS "userId", n.ids, n.rank
    FROM (SELECT DISTINCT id FROM unnest($1::int[]) AS d(id)) o
    JOIN LATERAL (SELECT array_agg(m.id) AS ids, m.rank FROM (
      SELECT p.id, h.rank
      FROM membership s
      JOIN LATERAL (SELECT * FROM conversation x WHERE x.id = s.conversation_id AND x.user_low <> x.user_high LIMIT 1) c ON true
      JOIN LATERAL (SELECT x.user_id FROM membership x WHERE x.conversation_id = c.id AND x.left_seq IS NULL
        AND x.user_id = CASE o.id WHEN c.user_low THEN c.user_high ELSE c.user_low END LIMIT 1) peer ON true
      JOIN LATERAL (SELECT * FROM person x WHERE x.id = peer.user_id LIMIT 1) p ON true
      ${joinVisibility('o.id', 'true')}
      WHERE s.user_id = o.id AND s.left_seq IS NULL AND h.rank < ${visibilityRanks.hidden}
      ORDER BY greatest(coalesce(c.active_at, c.changed_at), s.joined_at) DESC LIMIT ${limits.presenceContacts}) m GROUP BY m.rank) n ON true`
}

/** The rule of `joinVisibility` over sets. Pair by pair, 50 people among 2,000 took nine times as long. */
const AMONG: Statement = {
  name: 'visibility_among',
  text: `WITH v AS MATERIALIZED (SELECT x.* FROM (SELECT DISTINCT id FROM unnest($1::int[]) AS d(id)) o
      JOIN LATERAL (SELECT * FROM person y WHERE y.id = o.id LIMIT 1) x ON true),
    p AS MATERIALIZED (SELECT x.* FROM (SELECT DISTINCT id FROM unnest($2::int[]) AS d(id)) o
      JOIN LATERAL (SELECT * FROM person y WHERE y.id = o.id LIMIT 1) x ON true
      WHERE x.is_active AND x.deleted_at IS NULL),
    blocked AS MATERIALIZED (SELECT v.id AS one, b.other FROM v JOIN LATERAL (
      SELECT blocked_id AS other FROM block WHERE blocker_id = v.id
      UNION ALL SELECT blocker_id FROM block WHERE blocked_id = v.id) b ON true)
    SELECT v.id AS "userId", array_agg(p.id ORDER BY p.id) AS ids, ${PRESENCE_RANK} AS rank FROM v CROSS JOIN p
    WHERE p.id <> v.id AND ${PRESENCE_RANK} < ${visibilityRanks.hidden} AND NOT EXISTS (SELECT 1 FROM blocked b WHERE b.one = v.id AND b.other = p.id)
    GROUP BY v.id, 3`
}

interface WatchersRow {
  readonly userId: UserId
  readonly ids: UserId[]
  readonly rank: number
}

/** The `Visibility` port over a database. */
export function visibilityIn(database: Database): Visibility {
  return {
    async contacts(userIds) {
      return userIds.length === 0 ? [] : watchersInOrder(userIds, await database.query(CONTACTS, [userIds]))
    },
    async among(userIds, others) {
      if (userIds.length === 0 || others.length === 0) return watchersInOrder(userIds, [])
      return watchersInOrder(userIds, await database.query(AMONG, [userIds, others]))
    }
  }
}

function watchersInOrder(userIds: readonly UserId[], rows: readonly WatchersRow[]): Watchers[] {
  const byUser = grouped(rows, ({ userId }) => userId)
  return userIds.map(userId => {
    const idsOf = (visibility: keyof Watchers) =>
      byUser.get(userId)?.find(({ rank }) => toVisibility(rank) === visibility)?.ids ?? []
    return { exact: idsOf('exact'), coarse: idsOf('coarse') }
  })
}
