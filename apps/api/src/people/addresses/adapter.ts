import { networkOf } from '@rendezvous/cluster'
import type { Database, Statement } from '../../database/port.ts'
import type { Addresses } from './port.ts'

/** The newest sessions of a user that are read. It covers all their devices, and bounds users who sign in by a
 *  script. */
const SESSIONS = 200
/** An id that no user has. It is queried too, so that an unknown name takes as long as a known one. */
const NOBODY = 0

const ADDRESSES: Statement = {
  name: 'session_addresses',
  text: `SELECT DISTINCT ip FROM (SELECT ip FROM session WHERE user_id = $1 ORDER BY created_at DESC LIMIT ${SESSIONS}) recent`
}

/** The `Addresses` port over the stored sessions. It forgets an address when the sessions from it are purged. */
export function databaseAddresses(database: Database): Addresses {
  return {
    async knows(userId, network) {
      const rows = await database.query<{ ip: string }>(ADDRESSES, [userId ?? NOBODY])
      return rows.some(({ ip }) => ip !== '' && networkOf(ip) === network)
    }
  }
}
