import { setImmediate } from 'node:timers/promises'
import type { ConversationId, Seq, UserId } from '@rendezvous/contract'
import t from 'tap'
import { conversationsIn } from '../../src/chat/conversations/adapter.ts'
import { groupsIn } from '../../src/chat/groups/adapter.ts'
import { receiptsIn } from '../../src/chat/receipts/adapter.ts'
import { addPeople, needsServer } from './engines.ts'
import { openNodes } from './nodes.ts'

await t.test('group writes lock memberships in the order of user ids, as receipts do', needsServer(), async t => {
  const { nodes, deadlocks } = await openNodes(t)
  const [one, two] = nodes
  const [low, middle, high] = (await addPeople(one.database, 3)) as [UserId, UserId, UserId]
  const [receipts, groups] = [receiptsIn(two.database), groupsIn(one.database)]

  /** A group of `ownerId` and the others. The updates store its memberships in another order than that of user ids. */
  async function open(ownerId: UserId): Promise<ConversationId> {
    const created = await groups.create({ ownerId, memberIds: [low, middle, high], title: '', history: 'all' })
    if (created.status !== 'ok') throw new Error('the group was not created')
    for (const userId of [high, middle, low])
      await receipts.advance([{ conversationId: created.id, userId, deliveredSeq: 1 as Seq }])
    return created.id
  }

  /** Locks the first of two memberships, as receipts do, starts `run`, waits until it waits for a lock, and then locks
   *  the second. */
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
  const act = { conversationId: given, actorId: high, requiredRank: 3 }
  await besideReceipts(given, [low, high], () => groups.setRole(act, low, 'owner'))
  const emptied = await open(middle)
  const by = { conversationId: emptied, actorId: middle, requiredRank: 2 }
  await besideReceipts(emptied, [low, high], () => groups.remove(by, [high, low]))
  await besideReceipts(emptied, [low, high], () => groups.add(by, [high, low]))
  t.equal(deadlocks(), 0)
})
