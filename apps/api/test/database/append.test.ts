import { randomUUID } from 'node:crypto'
import type { ConversationId, MessageId, UserId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { conversationsIn } from '../../src/adapters/conversations.ts'
import { messagesIn } from '../../src/adapters/messages.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import type { Appended, Draft } from '../../src/ports/messages.ts'
import { addBlock, addPeople, onEveryEngine } from './engines.ts'

const ABSENT = 42 as ConversationId

function draft(
  conversationId: ConversationId,
  senderId: UserId,
  content: string,
  clientId: string = randomUUID()
): Draft {
  return { conversationId, senderId, clientId, kind: 1, content }
}

function created(answer: Appended | undefined) {
  if (answer?.status !== 'created') throw new Error(`expected created, got ${answer?.status}`)
  return answer
}

function statuses(answers: readonly Appended[]): string[] {
  return answers.map(({ status }) => status)
}

async function acquaint({ database, hot }: OpenDatabase) {
  const [ann, bob, eve] = await addPeople(database, 3)
  if (ann === undefined || bob === undefined || eve === undefined) throw new Error('three people are needed')
  const conversations = conversationsIn(database)
  const opened = await conversations.openDirect(ann, bob)
  if (opened === null) throw new Error('the conversation did not open')
  return { ann, bob, eve, id: opened.id, conversations, messages: messagesIn(database, hot) }
}

async function suite(t: Test, open: OpenDatabase) {
  await t.test('the first message takes seq 2 and number 1, and names both people, the sender first', async t => {
    const { ann, bob, id, messages } = await acquaint(open)

    const [answer] = await messages.append([draft(id, bob, 'hello')])

    const { seq, number, memberIds, membersSeq, rejoinedIds, createdAt } = created(answer)
    t.same(
      { seq, number, memberIds, membersSeq, rejoinedIds },
      { seq: 2, number: 1, memberIds: [bob, ann], membersSeq: 1, rejoinedIds: [] }
    )
    t.ok(Math.abs(Date.now() - createdAt.getTime()) < 60_000)
  })

  await t.test('a batch keeps the order of its drafts in every conversation, under one outbox row', async t => {
    const one = await acquaint(open)
    const two = await acquaint(open)
    const drafts = Array.from({ length: 50 }, (_, i) =>
      i % 3 === 0 ? draft(two.id, two.ann, `${i}`) : draft(one.id, one.bob, `${i}`)
    )

    const answers = (await one.messages.append(drafts)).map(created)

    t.same(
      answers.filter((_, i) => i % 3 === 0).map(({ seq }) => seq),
      Array.from({ length: 17 }, (_, i) => i + 2)
    )
    t.same(
      answers.filter((_, i) => i % 3 !== 0).map(({ seq }) => seq),
      Array.from({ length: 33 }, (_, i) => i + 2)
    )
    t.equal(new Set(answers.map(({ outboxId }) => outboxId)).size, 1)
    t.equal(new Set(answers.map(({ id }) => id)).size, 50)
    t.ok(answers.every(({ id }) => Number.isSafeInteger(id) && id > 2 ** 48))
  })

  await t.test('text comes back as it was sent', async t => {
    const { ann, id, messages } = await acquaint(open)
    const texts = [
      'NULL',
      'null',
      '{a,"b"}',
      'back\\slash',
      '"',
      "'; DROP TABLE message; --",
      'a\nb\tc',
      'é😀漢字',
      ' x ',
      '😀'.repeat(4_000)
    ]

    await messages.append(texts.map(text => draft(id, ann, text)))

    const page = await messages.page(id, ann, { limit: 50 })
    t.same(
      page?.messages.map(({ content }) => content),
      texts
    )
  })

  await t.test('a repeated client_id answers the first message, in a later batch and in the same one', async t => {
    const { ann, id, messages } = await acquaint(open)
    const clientId = randomUUID()
    const first = created((await messages.append([draft(id, ann, 'once', clientId)]))[0])

    const later = await messages.append([draft(id, ann, 'once', clientId), draft(id, ann, 'else', clientId)])
    const twin = randomUUID()
    const same = await messages.append([
      draft(id, ann, 'twin', twin),
      draft(id, ann, 'twin', twin),
      draft(id, ann, 'other', twin)
    ])

    t.same(statuses(later), ['duplicate', 'conflict'])
    t.match(later[0], {
      id: first.id,
      seq: first.seq,
      number: first.number,
      createdAt: first.createdAt,
      memberIds: first.memberIds
    })
    t.same(statuses(same), ['created', 'duplicate', 'conflict'])
    t.match(same[1], { id: created(same[0]).id, seq: 3 })
  })

  await t.test('a draft that is refused takes no client_id from the one that mends it, in one batch too', async t => {
    const { ann, eve, id, messages } = await acquaint(open)
    const mended = draft(id, ann, 'hello')

    const answers = await messages.append([
      { ...mended, content: 'helo', replyTo: 42 as MessageId },
      { ...mended, mentions: [eve] },
      mended,
      mended
    ])

    t.same(statuses(answers), ['bad_reply', 'bad_mention', 'created', 'duplicate'])
  })

  await t.test('what has expired cannot be answered', async t => {
    const { ann, bob, id, messages } = await acquaint(open)
    const first = created((await messages.append([draft(id, ann, 'gone soon')]))[0])
    await open.database.query(
      { name: 'test_expire', text: "UPDATE message SET expires_at = now() - interval '1 second' WHERE id = $1" },
      [first.id]
    )

    t.same(statuses(await messages.append([{ ...draft(id, bob, 'what?'), replyTo: first.id }])), ['bad_reply'])
  })

  await t.test('two people may use the same client_id', async t => {
    const { ann, bob, id, messages } = await acquaint(open)
    const clientId = randomUUID()

    t.same(statuses(await messages.append([draft(id, ann, 'a', clientId), draft(id, bob, 'b', clientId)])), [
      'created',
      'created'
    ])
  })

  await t.test('absent, foreign, left, blocked and abandoned conversations are not found', async t => {
    const { ann, bob, eve, id, messages, conversations } = await acquaint(open)
    const blocked = await acquaint(open)
    await addBlock(open.database, blocked.bob, blocked.ann)
    const abandoned = await acquaint(open)
    await open.prisma.user.update({ where: { id: abandoned.bob }, data: { deletedAt: new Date() } })
    const left = await acquaint(open)
    await conversations.leave(left.id, left.ann)

    const answers = await messages.append([
      draft(ABSENT, ann, 'x'),
      draft(id, eve, 'x'),
      draft(left.id, left.ann, 'x'),
      draft(blocked.id, blocked.ann, 'x'),
      draft(blocked.id, blocked.bob, 'x'),
      draft(abandoned.id, abandoned.ann, 'x'),
      draft(id, bob, 'x')
    ])

    t.same(statuses(answers), [...Array(6).fill('not_found'), 'created'])
  })

  await t.test('a row the database refuses fails alone', async t => {
    const { ann, id, messages } = await acquaint(open)
    const bad = [
      draft(id, ann, 'x'.repeat(4_001)),
      draft(id, ann, 'nul\0'),
      draft(id, ann, ''),
      draft(id, ann, 'x', 'no uuid')
    ]
    const drafts = Array.from({ length: 20 }, (_, i) => bad[i - 7] ?? draft(id, ann, `${i}`))

    const answers = await messages.append(drafts)

    t.same(
      statuses(answers),
      Array.from({ length: 20 }, (_, i) => (i >= 7 && i < 11 ? 'invalid' : 'created'))
    )
    const page = await messages.page(id, ann, { limit: 50 })
    t.same(
      page?.messages.map(({ seq }) => seq),
      Array.from({ length: 16 }, (_, i) => i + 2)
    )
  })

  await t.test('a message brings back the peer who left, from that message on', async t => {
    const { ann, bob, id, messages, conversations } = await acquaint(open)
    await messages.append([draft(id, ann, 'old')])
    await conversations.leave(id, bob)

    const answers = (await messages.append([draft(id, ann, 'again'), draft(id, ann, 'and more')])).map(created)

    t.same(
      answers.map(({ seq, rejoinedIds, membersSeq }) => ({ seq, rejoinedIds, membersSeq })),
      [
        { seq: 4, rejoinedIds: [bob], membersSeq: 4 },
        { seq: 5, rejoinedIds: [], membersSeq: 4 }
      ]
    )
    const seen = await messages.page(id, bob, { limit: 50 })
    t.same(
      seen?.messages.map(({ content }) => content),
      ['again', 'and more']
    )
    t.equal((await conversations.findForMember(id, bob))?.unreadCount, 2)
  })

  await t.test('pages go both ways, oldest first within', async t => {
    const { ann, eve, id, messages } = await acquaint(open)
    const sent = (await messages.append(Array.from({ length: 10 }, (_, i) => draft(id, ann, `${i + 1}`)))).map(created)
    const at = (n: number) => created(sent[n - 1]).seq
    const texts = async (window: Parameters<typeof messages.page>[2]) => {
      const page = await messages.page(id, ann, window)
      return [page?.messages.map(({ content }) => Number(content)), page?.hasMore]
    }

    t.same(await texts({ limit: 3 }), [[8, 9, 10], true])
    t.same(await texts({ limit: 3, beforeSeq: at(8) }), [[5, 6, 7], true])
    t.same(await texts({ limit: 3, beforeSeq: at(4) }), [[1, 2, 3], false])
    t.same(await texts({ limit: 3, afterSeq: at(4) }), [[5, 6, 7], true])
    t.same(await texts({ limit: 3, afterSeq: at(10) }), [[], false])
    t.same(await texts({ limit: 2, afterSeq: at(4), beforeSeq: at(9) }), [[7, 8], true])
    t.equal(await messages.page(id, eve, { limit: 3 }), null)
    t.equal(await messages.page(ABSENT, ann, { limit: 3 }), null)
  })

  await t.test('a message is found by its members, and only in its conversation', async t => {
    const { ann, bob, eve, id, messages } = await acquaint(open)
    const other = await acquaint(open)
    const sent = created((await messages.append([draft(id, ann, 'here')]))[0])

    const found = await messages.findForMember(id, sent.id, bob)

    t.match(found, {
      id: sent.id,
      conversationId: id,
      senderId: ann,
      receiverId: bob,
      content: 'here',
      status: 'sent',
      seq: 2,
      kind: 1
    })
    t.equal(await messages.locate(id, sent.id, bob), 2)
    t.same(await messages.whereIs(sent.id, bob), { conversationId: id, seq: 2 })
    t.equal(await messages.findForMember(id, sent.id, eve), null)
    t.equal(await messages.locate(id, sent.id, eve), null)
    t.equal(await messages.whereIs(sent.id, eve), null)
    t.equal(await messages.findForMember(other.id, sent.id, other.ann), null)
  })

  await t.test('no draft, no work', async t => {
    t.same(await messagesIn(open.database).append([]), [])
  })
}

await onEveryEngine(t, suite)
