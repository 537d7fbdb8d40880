import type { Database } from '@rendezvous/api'
import { limits } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { loadFixture, onEveryTarget, openTarget, runSql, type Target } from './databases.ts'
import { bringOver, brokenInvariants, rowsOf } from './imports.ts'

/** Adds `count` people to the group; they are in no other conversation. */
async function fill(database: Database, title: string, count: number): Promise<void> {
  const group = `(SELECT id FROM conversation WHERE title = '${title}')`
  await rowsOf(
    database,
    `WITH made AS (INSERT INTO person (username, password_hash) SELECT 'extra' || i, 'x' FROM generate_series(1, ${count}) i RETURNING id)
      INSERT INTO membership (conversation_id, user_id, changed_seq, joined_seq, visible_from_seq) SELECT ${group}, made.id, 1, 1, 1 FROM made`
  )
  await rowsOf(database, `UPDATE conversation SET member_count = member_count + ${count} WHERE title = '${title}'`)
}

/** Puts `person` into `count` groups of their own. */
async function occupy(database: Database, person: number, count: number): Promise<void> {
  await rowsOf(
    database,
    `WITH made AS (INSERT INTO conversation (kind, created_by, last_seq, members_seq, info_seq, member_count)
      SELECT 2, ${person}, 1, 1, 1, 1 FROM generate_series(1, ${count}) RETURNING id)
      INSERT INTO membership (conversation_id, user_id, role, changed_seq, joined_seq, visible_from_seq)
        SELECT made.id, ${person}, 3, 1, 1, 1 FROM made`
  )
}

async function suite(t: Test, target: Target): Promise<void> {
  const from = await loadFixture(t, 'chat-matching')
  const { database } = await openTarget(t, target)
  const again = () => bringOver({ from, shape: 'chat-matching', database })
  await again()

  await t.test('a group does not grow above its largest size', async t => {
    await fill(database, 'Climbing', limits.groupMembers - 4) // it has three members
    await runSql(
      from,
      'INSERT INTO conversations_conversation_participants (conversation_id, user_id) VALUES (1, 6), (1, 7)'
    )
    const { kinds } = await again()

    t.match(kinds.members, { brought: 1, left_out: { too_many_members: { count: 1, first: ['1: 7'] } } })
    t.same(await brokenInvariants(database), [])
  })

  await t.test('a person is not added to more groups than allowed', async t => {
    await occupy(database, 5, limits.roomsPerPerson - 2) // they are in one
    await runSql(
      from,
      `INSERT INTO conversations_conversation (id, title, is_group, created_at, updated_at) SELECT i, 'New ' || i, true, now(), now()
        FROM generate_series(11, 13) i;
      INSERT INTO conversations_conversation_participants (conversation_id, user_id) VALUES (11, 5), (12, 5), (12, 8), (13, 5)`
    )
    const { kinds } = await again()

    t.match(kinds.conversations, { brought: 2, left_out: { too_many_rooms: { count: 1, first: ['13'] } } })
    const outside = ['12: 5', '13: 5']
    t.match(kinds.members, { brought: 2, left_out: { too_many_rooms: { count: 2, first: outside } } })
    const rooms = `SELECT count(*)::int AS rooms FROM membership s JOIN conversation c ON c.id = s.conversation_id WHERE c.kind = 2 AND s.user_id = 5`
    t.same(await rowsOf(database, rooms), [{ rooms: limits.roomsPerPerson }])
    t.same(await brokenInvariants(database), [])
  })

  await t.test('a person at the limit is not added to a group of an earlier run', async t => {
    await runSql(from, 'INSERT INTO conversations_conversation_participants (conversation_id, user_id) VALUES (6, 5)')
    const { kinds } = await again()

    t.match(kinds.members, {
      brought: 0,
      left_out: { too_many_rooms: { count: 3, first: ['13: 5', '12: 5', '6: 5'] } }
    })
  })
}

await onEveryTarget(t, suite)
