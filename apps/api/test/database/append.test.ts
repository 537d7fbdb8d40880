import { randomUUID } from 'node:crypto'
import type { ConversationId, MessageId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { messagesIn } from '../../src/adapters/messages.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import type { Appended } from '../../src/ports/messages.ts'
import { addBlock, onEveryEngine } from './engines.ts'
import { acquaint, created, draft } from './talk.ts'

const ABSENT = 42 as ConversationId

function statuses(answers: readonly Appended[]): string[] {
  return answers.map(({ status }) => status)
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

  await t.test('no draft, no work', async t => {
    t.same(await messagesIn(open.database).append([]), [])
  })
}

await onEveryEngine(t, suite)
