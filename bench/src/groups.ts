import { migrate, openDatabase } from '@rendezvous/api'
import { SMALL } from './room.ts'

/** Groups of ten people, and after them one group of `large` people. */
export interface Groups {
  readonly small: number
  readonly large: number
}

const ANALYZED = ['person', 'session', 'conversation', 'membership']

/** Fills an empty database with the groups, and with the people and sessions that `roomOf` spreads over them. Analyzes
 *  it, as autovacuum would. */
export async function prepareGroups(url: string, groups: Groups): Promise<void> {
  const { database, close } = await openDatabase({ engine: 'postgresql', url })
  try {
    await migrate(database)
    await database.transaction(transaction => transaction.script(sqlOf(groups)))
    for (const table of ANALYZED) await database.query({ name: `bench_${table}`, text: `ANALYZE ${table}` })
  } finally {
    await close()
  }
}

function sqlOf({ small, large }: Groups): string {
  const people = small * SMALL + large
  return `
INSERT INTO person (id, username, password_hash) SELECT i, 'person' || i, '!' FROM generate_series(1, ${people}) i;
INSERT INTO session (id, user_id)
  SELECT ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid, i FROM generate_series(1, ${people}) i;
INSERT INTO conversation (id, kind, title, created_by, last_seq, members_seq, member_count)
  SELECT i, 2, 'group ' || i, 1, 1, 1, CASE i WHEN ${small + 1} THEN ${large} ELSE ${SMALL} END FROM generate_series(1, ${small + 1}) i;
INSERT INTO membership (conversation_id, user_id, changed_seq, joined_seq, visible_from_seq)
  SELECT least((i + ${SMALL - 1}) / ${SMALL}, ${small + 1}), i, 1, 1, 1 FROM generate_series(1, ${people}) i;`
}
