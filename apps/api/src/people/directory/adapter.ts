import type { Database, Statement } from '../../database/port.ts'
import type { Directory, ListedRow } from './port.ts'

const LAST_ID = 2_147_483_647

const PAGE: Statement = {
  name: 'directory_page',
  text: `SELECT id, username, first_name AS "firstName", last_name AS "lastName", email FROM people_below($1, $2, $3)`
}

/** The `Directory` port over a database. */
export function directoryIn(database: Database): Directory {
  return {
    page: (viewerId, { limit, before = LAST_ID }) => database.query<ListedRow>(PAGE, [viewerId, before, limit])
  }
}
