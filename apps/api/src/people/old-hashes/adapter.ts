import type { Database, Statement } from '../../database/port.ts'
import type { OldHashes } from './port.ts'

const RENEW: Statement = {
  name: 'old_hash_renew',
  text: 'UPDATE person SET password_hash = $3 WHERE id = $1 AND password_hash = $2 RETURNING id'
}

/** Expression and predicate of the index `person_old_hashes_idx`. */
const COST = `coalesce(
    substring(password_hash FROM '^(?:pbkdf2_sha(?:1|256)[$][0-9]+|argon2[$]argon2id[$]v=19[$][a-z0-9=,]+)'),
    substring(password_hash FROM '^scrypt[$][0-9]+[$]') || substring(password_hash FROM '[$][0-9]+[$][0-9]+(?=[$][^$]+$)'))`
const OLD = `(password_hash LIKE 'pbkdf2%' OR password_hash LIKE 'argon2%' OR password_hash LIKE 'scrypt%')`

/** Steps through the index from each distinct cost to the next, because there are few costs among many people. */
const COSTS: Statement = {
  name: 'old_hash_costs',
  text: `WITH RECURSIVE known AS (
      (SELECT ${COST} AS cost FROM person WHERE ${OLD} AND ${COST} IS NOT NULL ORDER BY ${COST} LIMIT 1)
      UNION ALL
      SELECT (SELECT ${COST} FROM person WHERE ${OLD} AND ${COST} > known.cost ORDER BY ${COST} LIMIT 1) FROM known
        WHERE known.cost IS NOT NULL)
    SELECT cost FROM known WHERE cost IS NOT NULL LIMIT 50`
}

/** The `OldHashes` port over a database. */
export function oldHashesIn(database: Database): OldHashes {
  return {
    async renew(userId, hash, next) {
      return (await database.query(RENEW, [userId, hash, next])).length > 0
    },
    async costs() {
      const rows = await database.query<{ cost: string }>(COSTS)
      return rows.map(({ cost }) => cost)
    }
  }
}
