import type { ConversationId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import type { OpenDatabase } from '../../src/database/open.ts'
import { created, directFixture, draft } from './direct-fixture.ts'
import { onEveryEngine } from './engines.ts'

const ABSENT = 42 as ConversationId
const LARGE_METADATA = "metadata = jsonb_build_object('text', repeat('x', 8192))"

async function suite(t: Test, open: OpenDatabase) {
  await t.test('pages go in both directions, and are oldest first', async t => {
    const { ann, eve, id, messages } = await directFixture(open)
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

  await t.test('only members of its conversation find a message', async t => {
    const { ann, bob, eve, id, messages } = await directFixture(open)
    const other = await directFixture(open)
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

  await t.test('the database refuses an impossible message', async t => {
    const { ann, id, messages } = await directFixture(open)
    const sent = created((await messages.append([draft(id, ann, 'kept')]))[0])
    const impossible = [
      'seq = 0',
      'changed_seq = seq - 1',
      'number = seq + 1',
      'number = 0',
      'kind = 0',
      "content = ''",
      "content = repeat('x', 4001)",
      'deleted_at = now()',
      LARGE_METADATA
    ]

    for (const [index, change] of impossible.entries()) {
      const update = { name: `test_change_${index}`, text: `UPDATE message SET ${change} WHERE id = $1` }
      await t.rejects(open.database.query(update, [sent.id]), { code: '23514' }, change)
    }
    const insert = {
      name: 'test_insert',
      text: `INSERT INTO message (conversation_id, seq, changed_seq, number, id, sender_id, client_id, kind, content)
        VALUES ($1, 3, 3, 4, $2, $3, gen_random_uuid(), 1, 'x')`
    }
    await t.rejects(
      open.database.query(insert, [id, sent.id + 1, ann]),
      { code: '23514' },
      'its number is above its seq'
    )

    t.match(await messages.findForMember(id, sent.id, ann), { content: 'kept', changedSeq: sent.seq, number: 1 })
  })
}

await onEveryEngine(t, suite)
