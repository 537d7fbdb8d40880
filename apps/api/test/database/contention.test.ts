import { randomUUID } from 'node:crypto'
import type { ConversationId, UserId } from '@rendezvous/contract'
import t from 'tap'
import { conversationsIn } from '../../src/chat/conversations/adapter.ts'
import { messagesIn } from '../../src/chat/messages/adapter.ts'
import type { Draft } from '../../src/chat/messages/port.ts'
import { receiptsIn } from '../../src/chat/receipts/adapter.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import { addPeople, needsServer } from './engines.ts'
import { openNodes, pick } from './nodes.ts'

const CONVERSATIONS = 40
const WORKERS = 6
const ROUNDS = 25

/** What one seq of a conversation was used for, as its node was answered. */
interface Taken {
  readonly conversationId: ConversationId
  readonly seq: number
  readonly sender?: UserId
  readonly left?: UserId
  readonly joined?: readonly UserId[]
}

interface Pair {
  readonly id: ConversationId
  readonly people: readonly [UserId, UserId]
}

/** Conversations that overlap, since each of a few people is in many. */
async function openPairs({ database }: OpenDatabase): Promise<Pair[]> {
  const people = await addPeople(database, 12)
  const all = people.flatMap((low, i) => people.slice(i + 1).map(high => [low, high] as const))
  return Promise.all(
    all.slice(0, CONVERSATIONS).map(async pair => {
      const opened = await conversationsIn(database).openDirect(...pair)
      if (opened === null) throw new Error('the conversation did not open')
      return { id: opened.id, people: pair }
    })
  )
}

/** A batch of up to 50 random drafts, each once. A fifth of them repeat a draft that some node tried before. */
function compose(pairs: readonly Pair[], tried: Draft[]): Draft[] {
  const drafts = Array.from({ length: 1 + Math.floor(Math.random() * 50) }, () => {
    if (tried.length > 0 && Math.random() < 0.2) return pick(tried)
    const { id, people } = pick(pairs)
    const draft = {
      conversationId: id,
      senderId: pick(people),
      clientId: randomUUID(),
      kind: 1,
      content: `${Math.random()}`
    }
    tried.push(draft)
    return draft
  })
  return [...new Set(drafts)]
}

/** A conversation as the database holds it at the end. */
interface Stored {
  readonly id: ConversationId
  readonly lastSeq: number
  readonly messages: number
  readonly lastNumber: number
  readonly seqs: readonly number[]
}

function readStored({ database }: OpenDatabase): Promise<Stored[]> {
  return database.query<Stored>({
    name: 'test_stored',
    text: `SELECT c.id, c.last_seq AS "lastSeq", count(m.seq)::int AS messages, coalesce(max(m.number), 0) AS "lastNumber",
      coalesce(array_agg(m.seq ORDER BY m.seq) FILTER (WHERE m.seq IS NOT NULL), '{}') AS seqs
      FROM conversation c LEFT JOIN message m ON m.conversation_id = c.id GROUP BY c.id`
  })
}

/** Whether each seq was answered to one node once, each answered message is stored, and no sender had left before. */
function agrees({ id, lastSeq, messages, lastNumber, seqs }: Stored, taken: readonly Taken[]): boolean {
  const values = taken.filter(({ conversationId }) => conversationId === id).sort((a, b) => a.seq - b.seq)
  const dense = values.length === lastSeq - 1 && values.every(({ seq }, index) => seq === index + 2)
  const sent = values.filter(({ sender }) => sender !== undefined).map(({ seq }) => seq)
  const outside = new Set<UserId>()
  const inOrder = values.every(({ sender, left, joined }) => {
    for (const user of joined ?? []) outside.delete(user)
    if (left !== undefined) outside.add(left)
    return sender === undefined || !outside.has(sender)
  })
  return dense && inOrder && messages === lastNumber && seqs.join() === sent.join()
}

await t.test('two nodes that write to the same 40 conversations agree, without a deadlock', needsServer(), async t => {
  const { nodes, deadlocks } = await openNodes(t)
  const pairs = await openPairs(nodes[0])
  const tried: Draft[] = []
  const taken: Taken[] = []
  const firstId = new Map<string, number>()

  async function work({ database, hot }: OpenDatabase): Promise<void> {
    const [messages, conversations, receipts] = [
      messagesIn(database, hot),
      conversationsIn(database),
      receiptsIn(database, hot)
    ]
    for (let round = 0; round < ROUNDS; round++) {
      const drafts = compose(pairs, tried)
      const answers = await messages.append(drafts)
      for (const [place, answer] of answers.entries()) {
        const draft = drafts[place]
        if (draft === undefined || (answer.status !== 'created' && answer.status !== 'duplicate')) continue
        if (answer.status === 'created') {
          taken.push({
            conversationId: draft.conversationId,
            seq: answer.seq,
            sender: draft.senderId,
            joined: answer.rejoinedIds
          })
        }
        const id = firstId.get(draft.clientId) ?? answer.id
        if (id !== answer.id) throw new Error('a repeat was answered with another message')
        firstId.set(draft.clientId, id)
      }
      const { id, people } = pick(pairs)
      const [user, peer] = Math.random() < 0.5 ? people : [people[1], people[0]]
      const left = await conversations.leave(id, user)
      if (left !== null) taken.push({ conversationId: id, seq: left.seq, left: user })
      await receipts.advance(
        drafts.map(draft => ({ conversationId: draft.conversationId, userId: draft.senderId, readSeq: 9_999 as never }))
      )
      const opened = await conversations.openDirect(peer, user)
      if (opened?.status === 'rejoined') taken.push({ conversationId: id, seq: opened.seq, joined: [peer] })
    }
  }
  await Promise.all(nodes.flatMap(node => Array.from({ length: WORKERS }, () => work(node))))

  const stored = await readStored(nodes[0])
  t.same(
    stored.filter(conversation => !agrees(conversation, taken)),
    []
  )
  const total = stored.reduce((sum, { messages }) => sum + messages, 0)
  t.ok(total > 1_000, `${total} messages were stored`)
  t.ok(taken.some(({ left }) => left !== undefined))
  t.ok(taken.some(({ sender, joined }) => sender !== undefined && (joined ?? []).length > 0))
  t.equal(deadlocks(), 0)
})

await t.test('two people who open their conversation at once get the same one', needsServer(), async t => {
  const {
    nodes: [one, two]
  } = await openNodes(t)
  const people = await addPeople(one.database, 60)

  for (let i = 0; i + 1 < people.length; i += 2) {
    const [ann, bob] = [people[i], people[i + 1]]
    if (ann === undefined || bob === undefined) throw new Error('two people are needed')
    const opened = await Promise.all([
      conversationsIn(one.database).openDirect(ann, bob),
      conversationsIn(two.database).openDirect(bob, ann),
      conversationsIn(one.database).openDirect(ann, bob),
      conversationsIn(two.database).openDirect(bob, ann)
    ])
    t.equal(new Set(opened.map(answer => answer?.id)).size, 1)
    t.equal(opened.filter(answer => answer?.status === 'created').length, 1)
  }
})
