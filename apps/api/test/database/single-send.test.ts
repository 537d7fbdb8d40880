import type { ConversationId, MessageId, UserId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { conversationsIn } from '../../src/chat/conversations/adapter.ts'
import { groupsIn } from '../../src/chat/groups/adapter.ts'
import { messageChangesIn } from '../../src/chat/message-changes/adapter.ts'
import type { Appended, Draft } from '../../src/chat/messages/port.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import { created, directFixture, draft } from './direct-fixture.ts'
import { addBlock, onEveryEngine } from './engines.ts'

type Direct = Awaited<ReturnType<typeof directFixture>>

/** Prepares a conversation of its own, and returns the draft to append. */
type Prepare = (open: OpenDatabase, direct: Direct) => Draft | Promise<Draft>

async function stored({ messages }: Direct, sent: Draft): Promise<MessageId> {
  return created((await messages.append([sent]))[0]).id
}

async function group({ database }: OpenDatabase, { ann, bob }: Direct): Promise<ConversationId> {
  const made = await groupsIn(database).create({ ownerId: ann, memberIds: [bob], title: '', history: 'all' })
  if (made.status !== 'ok') throw new Error(made.status)
  return made.id
}

/** Stores a draft, then removes or edits its message. */
async function changed(open: OpenDatabase, direct: Direct, change: 'edit' | 'remove'): Promise<Draft> {
  const sent = draft(direct.id, direct.ann, 'x')
  const which = { conversationId: direct.id, actorId: direct.ann, messageId: await stored(direct, sent) }
  if (change === 'edit') await messageChangesIn(open.database).edit(which, { content: 'y', mentions: [] })
  else await messageChangesIn(open.database).remove(which, 1)
  return sent
}

async function replyToRemoved(open: OpenDatabase, direct: Direct): Promise<Draft> {
  const replyTo = await stored(direct, draft(direct.id, direct.bob, 'question'))
  const sent = { ...draft(direct.id, direct.ann, 'answer'), replyTo }
  await messageChangesIn(open.database).remove(
    { conversationId: direct.id, actorId: direct.bob, messageId: replyTo },
    1
  )
  return sent
}

async function markPeer(open: OpenDatabase, { id, ann, bob }: Direct, data: { deletedAt: Date } | { isActive: false }) {
  await open.prisma.user.update({ where: { id: bob }, data })
  return draft(id, ann, 'x')
}

const cases: Readonly<Record<string, readonly [status: Appended['status'], prepare: Prepare]>> = {
  'a message': ['created', (_, { id, ann }) => draft(id, ann, 'x')],
  'a message of the other person': ['created', (_, { id, bob }) => draft(id, bob, 'x')],
  'another kind': ['created', (_, { id, ann }) => ({ ...draft(id, ann, 'x'), kind: 2 })],
  'a reply': [
    'created',
    async (_, direct) => ({
      ...draft(direct.id, direct.ann, 'x'),
      replyTo: await stored(direct, draft(direct.id, direct.bob, 'question'))
    })
  ],
  'a mention': ['created', (_, { id, ann, bob }) => ({ ...draft(id, ann, 'x'), mentions: [bob] })],
  'a peer who left': [
    'created',
    async (_, { id, ann, bob, conversations }) => {
      await conversations.leave(id, bob)
      return draft(id, ann, 'x')
    }
  ],
  'a group': [
    'created',
    async (open, direct) => ({ ...draft(await group(open, direct), direct.bob, 'x'), mentions: [direct.ann] })
  ],
  'a group across a block': [
    'created',
    async (open, direct) => {
      const id = await group(open, direct)
      await addBlock(open.database, direct.ann, direct.bob)
      return draft(id, direct.ann, 'x')
    }
  ],
  'a repetition': [
    'duplicate',
    async (_, direct) => {
      const sent = draft(direct.id, direct.ann, 'x')
      await stored(direct, sent)
      return sent
    }
  ],
  'a repetition since edited': ['duplicate', (open, direct) => changed(open, direct, 'edit')],
  'a repetition since deleted': ['duplicate', (open, direct) => changed(open, direct, 'remove')],
  'a repetition by a sender who left': [
    'duplicate',
    async (_, direct) => {
      const sent = draft(direct.id, direct.ann, 'x')
      await stored(direct, sent)
      await direct.conversations.leave(direct.id, direct.ann)
      return sent
    }
  ],
  'a repetition with a reply that is gone': [
    'duplicate',
    async (open, direct) => {
      const reply = await replyToRemoved(open, direct)
      await stored(direct, { ...reply, replyTo: null })
      return reply
    }
  ],
  'another content': [
    'conflict',
    async (_, direct) => {
      const sent = draft(direct.id, direct.ann, 'x')
      await stored(direct, sent)
      return { ...sent, content: 'y' }
    }
  ],
  'another kind under a stored client_id': [
    'conflict',
    async (_, direct) => {
      const sent = draft(direct.id, direct.ann, 'x')
      await stored(direct, sent)
      return { ...sent, kind: 2 }
    }
  ],
  'an absent conversation': ['not_found', (_, { ann }) => draft(42 as ConversationId, ann, 'x')],
  'a stranger': ['not_found', (_, { id, eve }) => draft(id, eve, 'x')],
  'a stranger who replies': ['not_found', (_, { id, eve }) => ({ ...draft(id, eve, 'x'), replyTo: 42 as MessageId })],
  'a sender who left': [
    'not_found',
    async (_, { id, ann, conversations }) => {
      await conversations.leave(id, ann)
      return draft(id, ann, 'x')
    }
  ],
  'a sender who left a group': [
    'not_found',
    async (open, direct) => {
      const id = await group(open, direct)
      await conversationsIn(open.database).leave(id, direct.bob)
      return draft(id, direct.bob, 'x')
    }
  ],
  'a sender who blocks': [
    'not_found',
    async (open, { id, ann, bob }) => {
      await addBlock(open.database, ann, bob)
      return draft(id, ann, 'x')
    }
  ],
  'a sender who is blocked': [
    'not_found',
    async (open, { id, ann, bob }) => {
      await addBlock(open.database, bob, ann)
      return draft(id, ann, 'x')
    }
  ],
  'a deleted peer': ['not_found', (open, direct) => markPeer(open, direct, { deletedAt: new Date() })],
  'an inactive peer': ['not_found', (open, direct) => markPeer(open, direct, { isActive: false })],
  'a reply to an absent message': [
    'bad_reply',
    (_, { id, ann }) => ({ ...draft(id, ann, 'x'), replyTo: 42 as MessageId })
  ],
  'a reply to a deleted message': ['bad_reply', replyToRemoved],
  'a mention of a stranger': ['bad_mention', (_, { id, ann, eve }) => ({ ...draft(id, ann, 'x'), mentions: [eve] })],
  'a bad reply with a bad mention': [
    'bad_reply',
    (_, { id, ann, eve }) => ({ ...draft(id, ann, 'x'), replyTo: 42 as MessageId, mentions: [eve] })
  ]
}

/** An answer without what differs between two stored messages: ids, times and people. */
function comparable({ senderId }: Draft, answer: Appended | undefined) {
  if (answer?.status !== 'created' && answer?.status !== 'duplicate') return answer
  const { id: _, createdAt: __, memberIds, ...facts } = answer
  const roles = (users: readonly UserId[]) => users.map(user => (user === senderId ? 'sender' : 'peer'))
  const members = memberIds === null ? null : roles(memberIds)
  if (facts.status === 'duplicate') return { ...facts, members }
  const { outboxId: ___, rejoinedIds, ...rest } = facts
  return { ...rest, members, rejoined: roles(rejoinedIds) }
}

/** What a conversation holds, names in texts left out; users by whether they send, messages by whether the answer names them. */
const HELD = {
  name: 'test_held',
  text: `SELECT c.last_seq, c.message_count, c.members_seq, c.member_count,
    (SELECT jsonb_agg(jsonb_build_array(m.user_id = $2, m.left_seq, m.visible_from_seq, m.changed_seq, m.joined_seq)
      ORDER BY m.user_id = $2) FROM membership m WHERE m.conversation_id = c.id) AS members,
    (SELECT jsonb_agg(jsonb_build_array(m.sender_id = $2, m.seq, m.changed_seq, m.number, m.kind, right(m.content, 4),
        jsonb_array_length(m.metadata->'mentions'), m.reply_to_seq, m.id = $3 AND m.created_at = $4) ORDER BY m.seq)
      FROM message m WHERE m.conversation_id = c.id) AS messages,
    (SELECT jsonb_agg(jsonb_build_array(o.from_seq, o.to_seq) ORDER BY o.from_seq)
      FROM outbox x, unnest(x.streams, x.from_seqs, x.to_seqs) AS o(stream, from_seq, to_seq) WHERE o.stream = c.id) AS outbox
    FROM conversation c WHERE c.id = $1::bigint`
}

function held({ database }: OpenDatabase, { conversationId, senderId }: Draft, answer: Appended | undefined) {
  const [id, at] = answer !== undefined && 'id' in answer ? [answer.id, answer.createdAt] : [null, null]
  return database.query<object>(HELD, [conversationId, senderId, id, at])
}

async function suite(t: Test, open: OpenDatabase) {
  const prepare = async ([, prepare]: readonly [unknown, Prepare]) => prepare(open, await directFixture(open))
  const { messages } = await directFixture(open)
  const batch: Draft[] = []
  for (const each of Object.values(cases)) batch.push(await prepare(each))
  const together = await messages.append(batch)

  for (const [place, [name, each]] of Object.entries(cases).entries()) {
    await t.test(name, async t => {
      const [joined, alone] = [batch[place] as Draft, await prepare(each)]
      const [answer] = await messages.append([alone])

      t.equal(answer?.status, each[0])
      t.same(comparable(alone, answer), comparable(joined, together[place]), 'the same answer as in a batch')
      t.same(await held(open, alone, answer), await held(open, joined, together[place]), 'the same rows')
    })
  }
}

await t.test('a draft by itself is answered and stored as in a batch', t => onEveryEngine(t, suite))
