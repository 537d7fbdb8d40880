import type { Database, Statement } from '../../database/port.ts'
import { retrying } from '../../database/retry.ts'
import type { UnkeyedName, UnkeyedNames } from './port.ts'

const READ: Statement = {
  name: 'unkeyed_names',
  text: 'SELECT id AS "userId", username, email FROM person WHERE name_keys = 0 ORDER BY id LIMIT $1'
}
/** Locks users before keys, as a change of name does, and keys in their order. */
const RESERVE: Statement = {
  name: 'unkeyed_names_reserve',
  text: `WITH locked AS MATERIALIZED (SELECT p.id FROM person p JOIN unnest($1::int[], $2::text[]) AS n(id, username)
      ON n.id = p.id AND n.username = p.username WHERE p.name_keys = 0 ORDER BY p.id FOR NO KEY UPDATE OF p SKIP LOCKED),
    reserved AS (INSERT INTO name_skeleton (skeleton, user_id)
      SELECT k.key, k.id FROM unnest($3::text[], $4::int[]) AS k(key, id) JOIN locked l ON l.id = k.id
      ORDER BY k.key COLLATE "C", k.id ON CONFLICT DO NOTHING)
    UPDATE person SET name_keys = 1 WHERE id IN (SELECT id FROM locked)`
}

/** The `UnkeyedNames` port over a database. */
export function unkeyedNamesIn(database: Database): UnkeyedNames {
  return {
    read: limit => database.query<UnkeyedName>(READ, [limit]),
    async reserve(names) {
      const pairs = names.flatMap(({ userId, keys }) => keys.map(key => ({ key, userId })))
      const [ids, usernames] = [names.map(({ userId }) => userId), names.map(({ username }) => username)]
      const columns = [pairs.map(({ key }) => key), pairs.map(({ userId }) => userId)] as const
      await retrying(() => database.query(RESERVE, [ids, usernames, ...columns]))
    }
  }
}
