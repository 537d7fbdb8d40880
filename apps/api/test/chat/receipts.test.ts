import { setImmediate as turn } from 'node:timers/promises'
import type { ConversationId, Seq, UserId } from '@rendezvous/contract'
import t from 'tap'
import type { Receipts } from '../../src/chat/receipts/port.ts'
import { receiptService } from '../../src/chat/receipts/service.ts'

/** Receipts that take some turns of the event loop to store. `seen.most` is the most transactions that ran at once. */
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
    async deliver(reports) {
      await storing(reports.length)
      return []
    },
    async deliverAll() {
      await storing(1)
      return []
    }
  }
  return { receipts, seen }
}

t.test('however many receipts come at once, they use at most four connections', async t => {
  const { receipts, seen } = slowReceipts()
  const service = receiptService({ receipts, announcer: { receipts() {}, reached() {} } })
  const users = Array.from({ length: 300 }, (_, index) => (index + 1) as UserId)

  await Promise.all([
    ...users.map(userId => service.read(userId, 1 as ConversationId, 1 as Seq)),
    ...users.map(service.deliverWaiting)
  ])

  t.ok(seen.most <= 4, 'at most two transactions of each kind run at a time')
  t.equal(seen.stored, 600)
})
