import type { UserId } from '@rendezvous/contract'
import type { Database, Queryable, Statement } from '../../database/port.ts'
import { retrying } from '../../database/retry.ts'
import { joinVisibility, PUBLIC_COLUMNS, type SeenRow, toSeen } from '../users/rows.ts'
import type { PresenceAudience } from '../visibility/port.ts'
import { type FoundCursor, type PeopleSearch, type SearchedNames, searchKeys, type UnsearchedUser } from './port.ts'

/** Keys that one page reads at most. Without a bound, a page of a common beginning whose people are all across a block
 *  would read them all. */
const KEYS_READ = 500
/** Above every text that begins with a prefix, when it is appended to that. */
const LAST_CHARACTER = '\u{10ffff}'

const FIND: Statement = {
  name: 'people_find',
  text: `SELECT f.key, f.key_of AS "keyOf", s.* FROM people_found($1, $2, $3, $4, $5, $6, ${KEYS_READ}) WITH ORDINALITY AS f(key, key_of, id, ord)
    LEFT JOIN LATERAL (SELECT ${PUBLIC_COLUMNS}, h.rank FROM person p ${joinVisibility('$1', '$7::boolean')} WHERE p.id = f.id LIMIT 1) s ON true
    ORDER BY f.ord`
}
const UNSEARCHED: Statement = {
  name: 'people_unsearched',
  text: `SELECT id AS "userId", username, first_name AS "firstName", last_name AS "lastName", findable
    FROM person WHERE search_keys = 0 ORDER BY id LIMIT $1`
}
/** Locks the users whose names are still these. `< 1`, so that no plan reads the index of all users without keys. */
const LOCK: Statement = {
  name: 'people_search_lock',
  text: `SELECT p.id FROM person p
    JOIN unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::boolean[]) AS n(id, username, first, last, findable) ON n.id = p.id
      AND n.username = p.username AND n.first = p.first_name AND n.last = p.last_name AND n.findable = p.findable
    WHERE p.id = ANY ($1::int[]) AND p.search_keys < 1 ORDER BY p.id FOR NO KEY UPDATE OF p SKIP LOCKED`
}
const RELEASE: Statement = {
  name: 'people_search_release',
  text: `DELETE FROM person_search s WHERE s.user_id = ANY ($1::int[])
    AND NOT EXISTS (SELECT 1 FROM unnest($2::int[], $3::text[]) AS k(id, key) WHERE k.id = s.user_id AND k.key = s.key COLLATE "C")`
}
const STORE: Statement = {
  name: 'people_search_store',
  text: 'INSERT INTO person_search (user_id, key) SELECT id, key FROM unnest($1::int[], $2::text[]) AS k(id, key) ON CONFLICT DO NOTHING'
}
const DONE: Statement = {
  name: 'people_search_done',
  text: 'UPDATE person SET search_keys = 1 WHERE id = ANY ($1::int[]) AND search_keys = 0'
}

type FoundRow = (SeenRow | { readonly id: null }) & { readonly key: string; readonly keyOf: UserId }

/** The `PeopleSearch` port over a database. `audience` sees the presence of users. */
export function peopleSearchIn(database: Database, audience: PresenceAudience = 'contacts'): PeopleSearch {
  return {
    async find(viewerId, { prefix, limit, after }) {
      const { key, id } = after ?? { key: '', id: 0 }
      const bounds = [prefix, prefix + LAST_CHARACTER, key, id]
      const rows = await database.query<FoundRow>(FIND, [viewerId, ...bounds, limit, audience === 'everyone'])
      const people = rows.flatMap(({ key, keyOf, ...row }) => (row.id === null ? [] : [toSeen(row)]))
      const last = rows.at(-1)
      const hasMore = last !== undefined && (people.length === limit || last.id === null)
      return { people, next: hasMore ? ({ key: last.key, id: last.keyOf } satisfies FoundCursor) : null }
    },
    unsearched: limit => database.query<UnsearchedUser>(UNSEARCHED, [limit]),
    async index(users) {
      const columns = [
        users.map(({ userId }) => userId),
        users.map(({ username }) => username),
        users.map(({ firstName }) => firstName),
        users.map(({ lastName }) => lastName),
        users.map(({ findable }) => findable)
      ]
      await retrying(() =>
        database.transaction(async transaction => {
          const locked = new Set((await transaction.query<{ id: UserId }>(LOCK, columns)).map(({ id }) => id))
          await storeSearchKeys(
            transaction,
            users.filter(({ userId }) => locked.has(userId))
          )
        })
      )
    }
  }
}

/** Makes the keys of the users' names their only ones. Call it in a transaction that has locked them. */
export async function storeSearchKeys(
  transaction: Queryable,
  users: readonly (SearchedNames & { readonly userId: UserId })[]
): Promise<void> {
  const ids = users.map(({ userId }) => userId)
  const pairs = users.flatMap(user => searchKeys(user).map(key => ({ key, id: user.userId })))
  const keys = [pairs.map(({ id }) => id), pairs.map(({ key }) => key)] as const
  await transaction.query(RELEASE, [ids, ...keys])
  await transaction.query(STORE, [...keys])
  await transaction.query(DONE, [ids])
}
