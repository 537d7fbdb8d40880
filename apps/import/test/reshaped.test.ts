import { type Database, databasePorts } from '@rendezvous/api'
import type { ConversationId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { loadFixture, onEveryTarget, openTarget, runSql, type Target } from './databases.ts'
import { bringOver, brokenInvariants, rowsOf } from './imports.ts'

interface State {
  readonly id: ConversationId
  readonly people: readonly string[]
  readonly said: readonly string[]
}

/** The members and messages of the conversation that was imported from `key`. */
async function stateOf(database: Database, key: number): Promise<State | undefined> {
  const [state] = await rowsOf<State>(
    database,
    `SELECT i.target_id AS id,
      (SELECT array_agg(p.username::text ORDER BY p.id) FROM membership s JOIN person p ON p.id = s.user_id WHERE s.conversation_id = i.target_id) AS people,
      (SELECT coalesce(array_agg(m.content ORDER BY m.seq), '{}') FROM message m WHERE m.conversation_id = i.target_id) AS said
      FROM imported i WHERE i.kind = 'conversation' AND i.source_key = '${key}'`
  )
  return state
}

const joins = (conversation: number, person: number) =>
  `INSERT INTO conversations_conversation_participants (conversation_id, user_id) VALUES (${conversation}, ${person});`
const leaves = (conversation: number, person: number) =>
  `DELETE FROM conversations_conversation_participants WHERE conversation_id = ${conversation} AND user_id = ${person};`
const says = (conversation: number, person: number, text: string) =>
  `INSERT INTO conversations_message (conversation_id, sender_id, content, is_read, created_at)
    VALUES (${conversation}, ${person}, '${text}', true, now());`

/** Each test continues where the previous one ended. Long because it follows one deployment through many runs. */
async function suite(t: Test, target: Target): Promise<void> {
  const [from, open] = [await loadFixture(t, 'chat-matching'), await openTarget(t, target)]
  const { database } = open
  const again = () => bringOver({ from, shape: 'chat-matching', database })
  await again()

  await t.test('a third person in a direct conversation of the source does not join it here', async t => {
    const before = await stateOf(database, 2)
    await runSql(from, joins(2, 5) + says(2, 5, 'hello from the third') + says(2, 1, 'hello, third'))
    const { kinds } = await again()

    t.same(await stateOf(database, 2), before)
    t.same(before?.people, ['ana', 'ben'])
    t.match(kinds.members, { brought: 0, left_out: { reshaped: { count: 1, first: ['2: 5'] } } })
    t.match(kinds.messages, { brought: 0, there: 19, left_out: { reshaped: { count: 2 } } })
    t.same(await brokenInvariants(database), [])
  })

  await t.test('messages of another conversation of the two still go into their direct one', async t => {
    await runSql(from, says(3, 2, 'just us'))
    const { kinds } = await again()

    t.equal(kinds.messages.brought, 1)
    t.same((await stateOf(database, 2))?.said.at(-1), 'just us')
  })

  await t.test('a person who replaces one of the two does not join it either', async t => {
    const before = await stateOf(database, 5)
    await runSql(from, leaves(5, 5) + joins(5, 1) + says(5, 1, 'I am new') + says(5, 4, 'Hello'))
    const { kinds } = await again()

    t.same(await stateOf(database, 5), before)
    t.match(kinds.members.left_out.reshaped, { count: 2, first: ['2: 5', '5: 1'] })
    t.match(kinds.messages, { brought: 0, left_out: { reshaped: { count: 4 } } })
    t.same(await brokenInvariants(database), [])
  })

  await t.test(
    'a group with two members left stays a group: no message is doubled, and new ones go into it',
    async t => {
      const before = await stateOf(database, 6)
      await runSql(from, leaves(6, 10) + says(6, 8, 'only us'))
      const { kinds } = await again()

      t.match(kinds.messages, { brought: 1, there: 20 })
      t.equal(kinds.conversations.brought, 0)
      t.same((await stateOf(database, 6))?.said, [...(before?.said ?? []), 'only us'])
      t.same(await brokenInvariants(database), [])
    }
  )

  await t.test('people who come into a group are announced', async t => {
    const { outbox, changes } = databasePorts(open)
    const sweep = async () => {
      const rows = await outbox.claim({ olderThanMs: 0, leaseMs: 60_000, limit: 100 })
      await outbox.done(rows.map(({ id }) => id))
      const ranges = rows.flatMap(row => row.ranges).sort((a, b) => a.stream - b.stream)
      return changes.read(
        ranges.map(({ stream, ...range }) => ({ conversationId: stream as ConversationId, ...range }))
      )
    }
    t.same(await sweep(), [], 'history is not')
    await runSql(from, joins(1, 4) + joins(1, 5) + joins(7, 8))
    await again()
    const [climbing, two] = [await stateOf(database, 1), await stateOf(database, 7)]

    t.match(await sweep(), [
      { type: 'member_joined', conversationId: climbing?.id, seq: 6, userIds: [4, 5], membersSeq: 6 },
      { type: 'member_joined', conversationId: two?.id, seq: 3, userIds: [8] }
    ])
    t.same(await rowsOf(database, 'SELECT * FROM outbox'), [])
  })
}

await onEveryTarget(t, suite)
