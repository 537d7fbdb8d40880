import { limits } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { receiptsIn } from '../../src/chat/receipts/adapter.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import { visibilityIn } from '../../src/people/visibility/adapter.ts'
import { directFixture } from './direct-fixture.ts'
import { addPeople, onEveryEngine } from './engines.ts'

/** Direct conversations of a person with each of $2, which changed in the future, but have no message. */
const CHANGED_LATER = {
  name: 'test_changed_later',
  text: `WITH made AS (
      INSERT INTO conversation (kind, user_low, user_high, created_by, last_seq, members_seq, member_count, changed_at, active_at)
      SELECT 1, least($1::int, p), greatest($1::int, p), p, 9, 1, 2, now() + interval '1 day', now() - interval '1 day' FROM unnest($2::int[]) p
      RETURNING id, user_low, user_high)
    INSERT INTO membership (conversation_id, user_id, joined_at)
    SELECT m.id, u, now() - interval '1 day' FROM made m, unnest(ARRAY[m.user_low, m.user_high]) u`
}

async function suite(t: Test, open: OpenDatabase): Promise<void> {
  const { ann, bob, id, conversations, messages, say } = await directFixture(open)
  const [sent] = await say(ann, 'hello')
  await open.database.query(CHANGED_LATER, [bob, await addPeople(open.database, limits.presenceContacts)])

  await t.test('a message is found by its id alone, however many older conversations changed since', async t => {
    t.match(sent, { status: 'created' })
    if (sent?.status === 'created') t.match(await messages.whereIs(sent.id, bob), { conversationId: id })
  })

  await t.test('messages count as delivered in the last active conversations first', async t => {
    await receiptsIn(open.database).deliverAll(bob)
    t.match(await conversations.findForMember(id, bob), { deliveredSeq: 2 })
  })

  await t.test('presence contacts are those of the last active conversations', async t => {
    const [contacts] = await visibilityIn(open.database).contacts([bob])
    t.ok(contacts?.exact.includes(ann))
  })
}

await onEveryEngine(t, suite)
