import { networkOf } from '@rendezvous/cluster'
import type { Database, Statement } from '../database/port.ts'
import type { Addresses } from '../ports/addresses.ts'

/** Sessions of a person that are looked at, the newest first: enough for all his devices, and a bound for who signs in by a script. */
const SESSIONS = 200
/** The id that nobody has. Asked for as well, so that an unknown name takes as long as a known one. */
const NOBODY = 0

const ADDRESSES: Statement = {
  name: 'session_addresses',
  text: `SELECT DISTINCT ip FROM (SELECT ip FROM session WHERE user_id = $1 ORDER BY created_at DESC LIMIT ${SESSIONS}) recent`
}

/** Addresses as the sessions in the database remember them, for as long as these are kept. */
export function databaseAddresses(database: Database): Addresses {
  return {
    async knows(userId, network) {
      const rows = await database.query<{ ip: string }>(ADDRESSES, [userId ?? NOBODY])
      return rows.some(({ ip }) => ip !== '' && networkOf(ip) === network)
    }
  }
}
