import { setImmediate as turn } from 'node:timers/promises'
import type { UserId } from '@rendezvous/contract'
import t from 'tap'
import type { Sync } from '../../src/chat/sync/port.ts'
import { syncService } from '../../src/chat/sync/service.ts'

/** A slow database. `seen.most` is the highest number of snapshots at a time. */
function slowSync() {
  let underWay = 0
  const seen = { most: 0, read: 0 }
  const sync: Pick<Sync, 'read'> = {
    async read() {
      underWay += 1
      seen.most = Math.max(seen.most, underWay)
      for (let n = 0; n < 20; n += 1) await turn()
      seen.read += 1
      underWay -= 1
      return { status: 'ok', personal: null, changed: null, ranges: [] }
    }
  }
  return { sync, seen }
}

t.test('sync holds at most three snapshots, however many clients sync at the same time', async t => {
  const { sync, seen } = slowSync()
  const service = syncService({ sync, presence: { online: async () => new Set() } })
  const users = Array.from({ length: 300 }, (_, index) => (index + 1) as UserId)
  await Promise.all(users.map(userId => service.read(userId, { ranges: [] })))
  t.same(seen, { most: 3, read: 300 })
})
