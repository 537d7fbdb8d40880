import type { UserId } from '@rendezvous/contract'
import type { Queryable, Statement } from '../../database/port.ts'

const DISABLE: Statement = {
  name: 'user_disable',
  text: 'UPDATE person SET is_active = false WHERE id = ANY ($1::int[]) AND is_active'
}

/** Makes users inactive: they cannot sign in, and their sessions count as ended. For a process that does not serve
 *  yet, because it tells nobody. */
export async function disableUsers(database: Queryable, userIds: readonly UserId[]): Promise<void> {
  await database.query(DISABLE, [userIds])
}
