import { setImmediate as turn } from 'node:timers/promises'
import type { ConversationId, Seq, UserId } from '@rendezvous/contract'
import t from 'tap'
import type { Receipts } from '../src/ports/receipts.ts'
import { receiptService } from '../src/services/receipts.ts'

/** Receipts that take a while to store, and how many transactions were under way at a time. */
function slowReceipts() {
  let underWay = 0
  const seen = { most: 0, stored: 0 }
  async function storing(count: number): Promise<void> {
    underWay += 1
    seen.most = Math.max(seen.most, underWay)
    for (let n = 0; n < 20; n += 1) await turn()
    seen.stored += count
    underWay -= 1
  }
  const receipts: Receipts = {
    async advance(each) {
      await storing(each.length)
      return each.map(() => null)
    },
    async deliverAll() {
      await storing(1)
      return []
    }
  }
  return { receipts, seen }
}

t.test('receipts leave connections to others, however many come at once', async t => {
  const { receipts, seen } = slowReceipts()
  const service = receiptService({ receipts, announcer: { receipts() {} } })
  const users = Array.from({ length: 300 }, (_, index) => (index + 1) as UserId)

  await Promise.all([
    ...users.map(userId => service.read(userId, 1 as ConversationId, 1 as Seq)),
    ...users.map(service.deliverWaiting)
  ])

  t.ok(seen.most <= 4, 'two at a time of either kind, of watermarks the second only beside a slow one')
  t.equal(seen.stored, 600)
})
