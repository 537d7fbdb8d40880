import type { ConversationId, UserId } from '@rendezvous/contract'
import t from 'tap'
import type { OpenDatabase } from '../../src/database/open.ts'
import { needsServer } from './engines.ts'
import { actions, type Fixture, openFixture } from './group-writes.ts'
import { openNodes, pick } from './nodes.ts'

const WORKERS = 5
const ROUNDS = 200

/** The final state of a group: each counter, and the number of rows that it counts. */
interface Stored {
  readonly id: ConversationId
  readonly lastSeq: number
  readonly memberCount: number
  readonly members: readonly UserId[]
  readonly owners: number
  readonly messageCount: number
  readonly messages: number
  readonly lastNumber: number
  /** Messages whose reaction counts differ from their rows. */
  readonly miscounted: number
  /** The seqs in rows of the outbox, ascending. A seq of two rows is there twice. */
  readonly owed: readonly number[]
}

function readStored({ database }: OpenDatabase): Promise<Stored[]> {
  return database.query<Stored>({
    name: 'test_stored_groups',
    text: `SELECT c.id, c.last_seq AS "lastSeq", c.member_count AS "memberCount", m.members, m.owners, c.message_count AS "messageCount",
        s.messages, s."lastNumber", s.miscounted, o.owed
      FROM conversation c
      CROSS JOIN LATERAL (SELECT coalesce(array_agg(x.user_id ORDER BY x.user_id), '{}') AS members, count(*) FILTER (WHERE x.role = 3)::int AS owners
        FROM membership x WHERE x.conversation_id = c.id AND x.left_seq IS NULL) m
      CROSS JOIN LATERAL (SELECT count(*)::int AS messages, max(x.number) AS "lastNumber",
          count(*) FILTER (WHERE coalesce(x.reactions, '{}') <> coalesce(r.counts, '{}'))::int AS miscounted
        FROM message x LEFT JOIN LATERAL (SELECT jsonb_object_agg(g.emoji, g.n) AS counts FROM (SELECT y.emoji, count(*) AS n FROM reaction y
          WHERE y.conversation_id = x.conversation_id AND y.message_seq = x.seq GROUP BY y.emoji) g) r ON true
        WHERE x.conversation_id = c.id) s
      CROSS JOIN LATERAL (SELECT array_agg(v ORDER BY v) AS owed FROM outbox x, unnest(x.streams, x.from_seqs, x.to_seqs) AS u(stream, a, z),
        generate_series(u.a, u.z) v WHERE u.stream = c.id) o`
  })
}

/** The differences between a group and the answers that the nodes got. */
function differences(group: Stored, fixture: Fixture): string[] {
  const values = fixture.taken.filter(({ id }) => id === group.id).sort((a, b) => a.seq - b.seq)
  const inside = new Set(fixture.people)
  const found: string[] = []
  let next = 2
  for (const { seq, count, by, left = [], joined = [] } of values) {
    if (seq !== next) found.push(`${seq} follows ${next - 1}`)
    if (!inside.has(by)) found.push(`the actor of ${seq} is not a member`)
    for (const user of joined) inside.add(user)
    for (const user of left) inside.delete(user)
    next = seq + count
  }
  const everyValue = Array.from({ length: group.lastSeq }, (_, index) => index + 1)
  const members = [...inside].sort((a, b) => a - b)
  if (next !== group.lastSeq + 1) found.push('there are seqs that no write was answered with')
  if (group.owed.join() !== everyValue.join()) found.push('not every seq has one row of the outbox')
  if (group.members.join() !== members.join() || group.memberCount !== members.length) found.push('wrong members')
  if (group.owners !== Math.min(1, members.length)) found.push(`${group.owners} owners`)
  if (group.messageCount !== group.messages || group.lastNumber !== group.messages) found.push('wrong message count')
  if (group.miscounted > 0) found.push('wrong reaction counts')
  return found
}

await t.test('two nodes that write to the same groups keep every counter and leave no gap', needsServer(), async t => {
  const { nodes, deadlocks } = await openNodes(t)
  const fixture = await openFixture(nodes[0])

  async function work(node: OpenDatabase): Promise<void> {
    const all = actions(node, fixture)
    for (let round = 0; round < ROUNDS; round++) await pick(all)()
  }
  await Promise.all(nodes.flatMap(node => Array.from({ length: WORKERS }, () => work(node))))

  const stored = await readStored(nodes[0])
  t.same(
    stored.flatMap(group => differences(group, fixture)),
    []
  )
  for (const kind of ['left', 'joined'] as const)
    t.ok(
      fixture.taken.some(value => value[kind] !== undefined),
      kind
    )
  t.ok(fixture.taken.length > 100, `${fixture.taken.length} changes`)
  t.equal(deadlocks(), 0)
})
