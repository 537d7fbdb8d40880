import { randomUUID } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { ConversationId, MessageId, Seq, UserId } from '@rendezvous/contract'
import t from 'tap'
import { conversationsIn } from '../../src/adapters/conversations.ts'
import { groupsIn } from '../../src/adapters/groups.ts'
import { messageChangesIn } from '../../src/adapters/message-changes.ts'
import { messagesIn } from '../../src/adapters/messages.ts'
import { receiptsIn } from '../../src/adapters/receipts.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import { addPeople, needsServer } from './engines.ts'
import { openNodes, pick } from './nodes.ts'

const PEOPLE = 12
const GROUPS = 6
const WORKERS = 5
const ROUNDS = 200
/** The least role: what the contract's table says is not what is looked for here. */
const ANYBODY = 1

/** Values of a group's sequence, as the node that took them was answered: `count` from `seq` on. */
interface Taken {
  readonly id: ConversationId
  readonly seq: number
  readonly count: number
  readonly by: UserId
  readonly left?: readonly UserId[]
  readonly joined?: readonly UserId[]
}

interface World {
  readonly people: readonly UserId[]
  readonly groups: readonly ConversationId[]
  readonly said: { readonly conversationId: ConversationId; readonly messageId: MessageId }[]
  readonly taken: Taken[]
}

async function openWorld({ database }: OpenDatabase): Promise<World> {
  const people = await addPeople(database, PEOPLE)
  const groups = await Promise.all(
    Array.from({ length: GROUPS }, async () => {
      const ownerId = pick(people)
      const made = await groupsIn(database).create({ ownerId, memberIds: people, title: '', history: 'all' })
      if (made.status !== 'ok') throw new Error('the group was not made')
      return made.id
    })
  )
  return { people, groups, said: [], taken: [] }
}

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map(item => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

/** What anybody does in groups, as one node; each notes what it took. */
function acts(node: OpenDatabase, { people, groups, said, taken }: World): (() => Promise<void>)[] {
  const { database, hot } = node
  const rooms = groupsIn(database)
  const changes = messageChangesIn(database)
  const act = () => ({ conversationId: pick(groups), actorId: pick(people), rank: ANYBODY })
  const some = () => shuffled(people).slice(0, 1 + Math.floor(Math.random() * 4))

  /** Who owns the group may take out anybody, and give any role. */
  async function actOfOwner() {
    const conversationId = pick(groups)
    const [owner] = await database.query<{ id: UserId }>(
      {
        name: 'test_owner',
        text: 'SELECT user_id AS id FROM membership WHERE conversation_id = $1 AND role = 3 AND left_seq IS NULL'
      },
      [conversationId]
    )
    return { conversationId, actorId: owner?.id ?? pick(people), rank: 3 }
  }

  async function send(): Promise<void> {
    const drafts = Array.from({ length: 1 + Math.floor(Math.random() * 8) }, () => {
      const { conversationId, actorId: senderId } = act()
      return { conversationId, senderId, clientId: randomUUID(), kind: 1, content: 'text' }
    })
    const answers = await messagesIn(database, hot).append(drafts)
    for (const [place, answer] of answers.entries()) {
      const draft = drafts[place]
      if (draft === undefined || answer.status !== 'created') continue
      taken.push({ id: draft.conversationId, seq: answer.seq, count: 1, by: draft.senderId })
      said.push({ conversationId: draft.conversationId, messageId: answer.id })
    }
  }

  async function add(): Promise<void> {
    const by = act()
    const moved = await rooms.add(by, some())
    if (moved.status !== 'ok') return
    taken.push({ id: by.conversationId, seq: moved.seq, count: 2, by: by.actorId, joined: moved.userIds })
  }

  async function remove(): Promise<void> {
    const by = await actOfOwner()
    const others = some().filter(id => id !== by.actorId)
    const moved = await rooms.remove(by, others)
    if (moved.status !== 'ok') return
    taken.push({ id: by.conversationId, seq: moved.seq, count: 2, by: by.actorId, left: moved.userIds })
  }

  async function leave(): Promise<void> {
    const { conversationId: id, actorId } = Math.random() < 0.5 ? await actOfOwner() : act()
    const left = await conversationsIn(database).leave(id, actorId)
    if (left !== null) taken.push({ id, seq: left.seq, count: 2, by: actorId, left: [actorId] })
  }

  async function setRole(): Promise<void> {
    const by = await actOfOwner()
    const changed = await rooms.setRole(by, pick(people), pick(['member', 'admin', 'owner']))
    if (changed.status === 'ok') taken.push({ id: by.conversationId, seq: changed.seq, count: 1, by: by.actorId })
  }

  async function rename(): Promise<void> {
    const by = act()
    const updated = await rooms.update(by, { title: randomUUID() })
    if (updated.status === 'ok') taken.push({ id: by.conversationId, seq: updated.seq, count: 2, by: by.actorId })
  }

  async function change(): Promise<void> {
    if (said.length === 0) return
    const which = { ...pick(said.slice(-40)), actorId: pick(people) }
    const changed = await pick([
      () => changes.edit(which, { content: randomUUID(), mentions: [] }),
      () => changes.remove(which, ANYBODY),
      () => changes.react(which, pick(['a', 'b', 'c']), true),
      () => changes.react(which, pick(['a', 'b', 'c']), true),
      () => changes.react(which, pick(['a', 'b', 'c']), false),
      () => changes.pin(which, Math.random() < 0.6, ANYBODY)
    ])()
    if (changed.status === 'ok') taken.push({ id: which.conversationId, seq: changed.seq, count: 1, by: which.actorId })
  }

  async function read(): Promise<void> {
    const everywhere = groups.flatMap(conversationId => people.map(userId => ({ conversationId, userId })))
    const receipts = shuffled(everywhere).slice(0, 50)
    const readSeq = Math.floor(Math.random() * 1_000) as Seq
    await receiptsIn(database, hot).advance(receipts.map(receipt => ({ ...receipt, readSeq })))
  }

  return [send, send, send, add, add, remove, leave, setRole, rename, change, change, change, change, read, read, read]
}

/** A group as the database holds it in the end, each counter beside what it counts. */
interface Stored {
  readonly id: ConversationId
  readonly lastSeq: number
  readonly memberCount: number
  readonly members: readonly UserId[]
  readonly owners: number
  readonly messageCount: number
  readonly messages: number
  readonly lastNumber: number
  /** Messages whose count of some reaction differs from its rows. */
  readonly miscounted: number
  /** Values that are owed an announcement, as often as they are. */
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

/** What is wrong with a group, in the light of what the nodes were answered. */
function faults(group: Stored, world: World): string[] {
  const values = world.taken.filter(({ id }) => id === group.id).sort((a, b) => a.seq - b.seq)
  const inside = new Set(world.people)
  const found: string[] = []
  let next = 2
  for (const { seq, count, by, left = [], joined = [] } of values) {
    if (seq !== next) found.push(`${seq} follows ${next - 1}`)
    if (!inside.has(by)) found.push(`${seq} is by somebody outside`)
    for (const user of joined) inside.add(user)
    for (const user of left) inside.delete(user)
    next = seq + count
  }
  const everyValue = Array.from({ length: group.lastSeq }, (_, index) => index + 1)
  const members = [...inside].sort((a, b) => a - b)
  if (next !== group.lastSeq + 1) found.push('values that nobody was answered')
  if (group.owed.join() !== everyValue.join()) found.push('not every value is owed once')
  if (group.members.join() !== members.join() || group.memberCount !== members.length) found.push('members')
  if (group.owners !== Math.min(1, members.length)) found.push(`${group.owners} owners`)
  if (group.messageCount !== group.messages || group.lastNumber !== group.messages) found.push('messages')
  if (group.miscounted > 0) found.push('reactions')
  return found
}

await t.test('two nodes contend for groups: everything that can be done there', needsServer(), async t => {
  const { nodes, deadlocks } = await openNodes(t)
  const world = await openWorld(nodes[0])

  async function work(node: OpenDatabase): Promise<void> {
    const all = acts(node, world)
    for (let round = 0; round < ROUNDS; round++) await pick(all)()
  }
  await Promise.all(nodes.flatMap(node => Array.from({ length: WORKERS }, () => work(node))))

  const stored = await readStored(nodes[0])
  t.same(
    stored.flatMap(group => faults(group, world)),
    []
  )
  for (const kind of ['left', 'joined'] as const)
    t.ok(
      world.taken.some(value => value[kind] !== undefined),
      kind
    )
  t.ok(world.taken.length > 100, `${world.taken.length} changes`)
  t.equal(deadlocks(), 0)
})

await t.test('memberships are taken in the order of ids, as receipts take them', needsServer(), async t => {
  const { nodes, deadlocks } = await openNodes(t)
  const [one, two] = nodes
  const [low, middle, high] = (await addPeople(one.database, 3)) as [UserId, UserId, UserId]
  const [receipts, groups] = [receiptsIn(two.database), groupsIn(one.database)]

  /** A group of `ownerId` and the others, whose rows lie in the table in no order. */
  async function open(ownerId: UserId): Promise<ConversationId> {
    const made = await groups.create({ ownerId, memberIds: [low, middle, high], title: '', history: 'all' })
    if (made.status !== 'ok') throw new Error('the group was not made')
    for (const userId of [high, middle, low])
      await receipts.advance([{ conversationId: made.id, userId, deliveredSeq: 1 as Seq }])
    return made.id
  }

  /** Receipts hold the lower of two memberships, `run` begins and waits for something, and receipts want the higher as well. */
  async function besideReceipts(id: ConversationId, [first, second]: [UserId, UserId], run: () => Promise<unknown>) {
    const lock = {
      name: 'test_lock',
      text: 'SELECT FROM membership WHERE conversation_id = $1 AND user_id = $2 FOR NO KEY UPDATE'
    }
    const waiting = {
      name: 'test_waiting',
      text: `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
    }
    let running: Promise<unknown> | undefined
    await two.database.transaction(async transaction => {
      await transaction.query(lock, [id, first])
      running = run()
      while ((await two.database.query(waiting)).length === 0) await setImmediate()
      await transaction.query(lock, [id, second])
    })
    await running
  }

  const left = await open(high)
  await besideReceipts(left, [low, high], () => conversationsIn(one.database).leave(left, high))
  const given = await open(high)
  const act = { conversationId: given, actorId: high, rank: 3 }
  await besideReceipts(given, [low, high], () => groups.setRole(act, low, 'owner'))
  const emptied = await open(middle)
  const by = { conversationId: emptied, actorId: middle, rank: 2 }
  await besideReceipts(emptied, [low, high], () => groups.remove(by, [high, low]))
  await besideReceipts(emptied, [low, high], () => groups.add(by, [high, low]))
  t.equal(deadlocks(), 0)
})
