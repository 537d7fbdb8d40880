import type { UserId } from '@rendezvous/contract'
import { appendAudit } from '../../audit/adapter.ts'
import type { SecurityEvent } from '../../audit/port.ts'
import type { Database, Statement } from '../../database/port.ts'

const DISABLE: Statement = {
  name: 'user_disable',
  text: 'UPDATE person SET is_active = false WHERE id = ANY ($1::int[]) AND is_active RETURNING id'
}

/** Makes users inactive: they cannot sign in, and their sessions count as ended. For a process that does not serve
 *  yet, because it tells nobody. Returns what was recorded of it. */
export function disableUsers(database: Database, userIds: readonly UserId[]): Promise<readonly SecurityEvent[]> {
  return database.transaction(async transaction => {
    const disabled = await transaction.query<{ id: UserId }>(DISABLE, [userIds])
    const events = disabled.map(({ id }) => {
      const subject = { subjectKind: 'user', subjectId: String(id) } as const
      return { action: 'user_disabled', actorId: null, ...subject, ip: '', detail: {} } as const
    })
    await appendAudit(transaction, events)
    return events
  })
}
