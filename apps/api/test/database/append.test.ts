import { randomUUID } from 'node:crypto'
import type { ConversationId, MessageId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { messagesIn } from '../../src/chat/messages/adapter.ts'
import { appender } from '../../src/chat/messages/append.ts'
import type { Appended, Draft } from '../../src/chat/messages/port.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import type { Database } from '../../src/database/port.ts'
import { created, directFixture, draft } from './direct-fixture.ts'
import { addBlock, onEveryEngine } from './engines.ts'

const ABSENT = 42 as ConversationId

function statuses(answers: readonly Appended[]): string[] {
  return answers.map(({ status }) => status)
}

async function suite(t: Test, open: OpenDatabase) {
  const append = appender(messagesIn(open.database, open.hot), { announce() {} })
  /** Sends the drafts in one turn of the event loop. */
  const appendTogether = (drafts: readonly Draft[]) => Promise.all(drafts.map(append))

  await t.test('the first message takes seq 2 and number 1, and names both people, the sender first', async t => {
    const { ann, bob, id, messages } = await directFixture(open)

    const [answer] = await messages.append([draft(id, bob, 'hello')])

    const { seq, number, memberIds, membersSeq, rejoinedIds, createdAt } = created(answer)
    t.same(
      { seq, number, memberIds, membersSeq, rejoinedIds },
      { seq: 2, number: 1, memberIds: [bob, ann], membersSeq: 1, rejoinedIds: [] }
    )
    t.ok(Math.abs(Date.now() - createdAt.getTime()) < 60_000)
  })

  await t.test('a batch keeps the order of its drafts in every conversation, under one outbox row', async t => {
    const one = await directFixture(open)
    const two = await directFixture(open)
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
    const { ann, id, messages } = await directFixture(open)
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

  await t.test('a repeated client_id gets the first message, in a later batch and in the same one', async t => {
    const { ann, id, messages } = await directFixture(open)
    const clientId = randomUUID()
    const first = created((await messages.append([draft(id, ann, 'once', clientId)]))[0])

    const later = await appendTogether([draft(id, ann, 'once', clientId), draft(id, ann, 'else', clientId)])
    const twin = randomUUID()
    const same = await appendTogether([
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

  await t.test('a refused draft leaves its client_id free for a corrected one, in the same batch too', async t => {
    const { ann, eve, id } = await directFixture(open)
    const mended = draft(id, ann, 'hello')

    const answers = await appendTogether([
      { ...mended, content: 'helo', replyTo: 42 as MessageId },
      { ...mended, mentions: [eve] },
      mended,
      mended
    ])

    t.same(statuses(answers), ['bad_reply', 'bad_mention', 'created', 'duplicate'])
  })

  await t.test('a repetition is answered like its first draft, whether that was stored or refused', async t => {
    const { ann, eve, id, messages } = await directFixture(open)
    const [sent, strange, long] = [draft(id, ann, 'x'), draft(id, eve, 'x'), draft(id, ann, 'x'.repeat(4_001))]
    const stored = draft(id, ann, 'stored')
    await messages.append([stored])

    const answers = await appendTogether([
      sent,
      strange,
      long,
      stored,
      { ...long },
      { ...strange },
      { ...sent },
      stored
    ])

    t.same(statuses(answers), [
      ...['created', 'not_found', 'invalid', 'duplicate'],
      ...['invalid', 'not_found', 'duplicate', 'duplicate']
    ])
    const { outboxId: _, rejoinedIds: __, ...first } = created(answers[0])
    t.same(answers[6], { ...first, status: 'duplicate' })
  })

  await t.test('drafts keep their order around a client_id that comes with another text', async t => {
    const { ann, bob, id } = await directFixture(open)
    const first = draft(id, ann, 'a')

    const answers = await appendTogether([
      ...[first, draft(id, bob, 'b'), { ...first, content: 'else' }, draft(id, bob, 'c')],
      ...[first, { ...first, content: 'else' }, { ...first, mentions: [bob] }, draft(id, bob, 'd')]
    ])

    t.same(statuses(answers), [
      ...['created', 'created', 'conflict', 'created'],
      ...['duplicate', 'conflict', 'duplicate', 'created']
    ])
    t.same(
      answers.flatMap(answer => (answer.status === 'created' ? [answer.seq] : [])),
      [2, 3, 4, 5]
    )
  })

  await t.test('a draft cannot reply to an expired message', async t => {
    const { ann, bob, id, messages } = await directFixture(open)
    const first = created((await messages.append([draft(id, ann, 'gone soon')]))[0])
    await open.database.query(
      { name: 'test_expire', text: "UPDATE message SET expires_at = now() - interval '1 second' WHERE id = $1" },
      [first.id]
    )

    t.same(statuses(await messages.append([{ ...draft(id, bob, 'what?'), replyTo: first.id }])), ['bad_reply'])
  })

  await t.test('two people may use the same client_id', async t => {
    const { ann, bob, id, messages } = await directFixture(open)
    const clientId = randomUUID()

    t.same(statuses(await messages.append([draft(id, ann, 'a', clientId), draft(id, bob, 'b', clientId)])), [
      'created',
      'created'
    ])
  })

  await t.test('absent, foreign, left, blocked and abandoned conversations are not found', async t => {
    const { ann, bob, eve, id, messages, conversations } = await directFixture(open)
    const blocked = await directFixture(open)
    await addBlock(open.database, blocked.bob, blocked.ann)
    const abandoned = await directFixture(open)
    await open.prisma.user.update({ where: { id: abandoned.bob }, data: { deletedAt: new Date() } })
    const left = await directFixture(open)
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

  await t.test('a draft whose data the database refuses fails alone', async t => {
    const { ann, id, messages } = await directFixture(open)
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

  await t.test('a message adds a peer who left again, from that message on', async t => {
    const { ann, bob, id, messages, conversations } = await directFixture(open)
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

  await t.test('tryAppend stores drafts as append does', async t => {
    const { ann, id, messages } = await directFixture(open)
    const drafts = [draft(id, ann, 'a'), draft(id, ann, ''), draft(id, ann, 'x')]

    t.same(statuses((await messages.tryAppend(drafts)) ?? []), ['created', 'invalid', 'created'])
  })

  await t.test('what was stored beside an invalid draft is answered, though the database fails then', async t => {
    const { ann, id } = await directFixture(open)
    const drafts = [draft(id, ann, 'a'), draft(id, ann, 'b'), draft(id, ann, ''), draft(id, ann, 'c')]
    let calls = 0
    const query: Database['query'] = (statement, parameters) => {
      calls += 1
      return calls < 3 ? open.hot.query(statement, parameters) : Promise.reject(new Error('the connection broke'))
    }

    const answers = await messagesIn(open.database, { ...open.hot, query }).append(drafts)

    t.same(statuses(answers), ['created', 'created', 'failed', 'failed'])
    t.match(answers[3], { error: { message: 'the connection broke' } })
  })

  await t.test('an empty batch is answered with nothing', async t => {
    t.same(await messagesIn(open.database).append([]), [])
  })
}

await onEveryEngine(t, suite)
