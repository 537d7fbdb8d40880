import type { ConversationId, Seq, UserId } from '@rendezvous/contract'
import fc from 'fast-check'
import t from 'tap'
import { extendReach, marks } from '../src/steps/marks.ts'
import type { Reach } from '../src/target/messages.ts'

const GROUP = 7 as ConversationId

t.test('the watermark of each member is the newest message of another sender', async t => {
  const message = fc.record({ seq: fc.integer({ min: 1, max: 30 }), sender: fc.integer({ min: 1, max: 4 }) })
  const read = fc.array(message, { minLength: 1, maxLength: 20 })
  const found = fc.check(
    fc.property(read, messages => {
      let reach: Reach | null = null
      for (const { seq, sender } of messages) reach = extendReach(reach, seq as Seq, sender as UserId)
      for (const member of [1, 2, 3, 4, 5]) {
        const others = messages.filter(({ sender }) => sender !== member)
        const own = reach?.notBy === member ? reach.below : reach?.to
        if (own !== Math.max(0, ...others.map(({ seq }) => seq))) return false
      }
      return true
    })
  )
  t.notOk(found.failed, fc.defaultReportMessage(found) ?? 'each member has their own watermark')
})

t.test('a single reader gets a watermark of their own', async t => {
  const found = marks()
  found.byOthers('read', GROUP, 3 as Seq, 1 as UserId)
  found.byOthers('delivered', GROUP, 5 as Seq, 1 as UserId)
  found.byOne(GROUP, 4 as Seq, 2 as UserId)
  found.byOne(GROUP, 2 as Seq, 2 as UserId)

  t.same(found.all(), [
    {
      ...{ conversationId: GROUP, only: null },
      ...{ read: { to: 3, notBy: 1, below: 0 }, delivered: { to: 5, notBy: 1, below: 0 } }
    },
    { conversationId: GROUP, only: 2, read: { to: 4, notBy: null, below: 0 }, delivered: null }
  ])
})
