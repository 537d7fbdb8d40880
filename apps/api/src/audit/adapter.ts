import type { Queryable, Statement } from '../database/port.ts'
import type { Audit, SecurityEvent } from './port.ts'

const APPEND: Statement = {
  name: 'audit_append',
  text: `INSERT INTO audit (actor_id, action, subject_kind, subject_id, ip, detail)
    VALUES ($1, $2, $3, $4, left($5, 45), $6::text::jsonb)`
}
/** Looks at the oldest rows alone, by their key. Ids and times ascend together, but for transactions that overlap. */
const PURGE: Statement = {
  name: 'audit_purge',
  text: `WITH oldest AS MATERIALIZED (SELECT id, at FROM audit ORDER BY id LIMIT $2)
    DELETE FROM audit a USING oldest o WHERE a.id = o.id AND o.at < now() - $1 * interval '1 millisecond'
    RETURNING a.id`
}

/** Appends events. In a transaction, they are stored when it commits. */
export async function appendAudit(database: Queryable, events: readonly SecurityEvent[]): Promise<void> {
  for (const { actorId, action, subjectKind, subjectId, ip, detail } of events)
    await database.query(APPEND, [actorId, action, subjectKind, subjectId, ip, JSON.stringify(detail)])
}

/** The `Audit` port over a database. */
export function auditIn(database: Queryable): Audit {
  return {
    append: event => appendAudit(database, [event]),
    async purge({ ageMs, limit }) {
      return (await database.query(PURGE, [ageMs, limit])).length
    }
  }
}
