import t from 'tap'
import { BOB, read, start } from './recorded.ts'

t.test('message_delivered is announced before message_read', async t => {
  const { receipts, settle, take } = start()
  receipts([read(5)])
  await settle()

  const after = { stream: 'conversation:77', seq: 5 }
  const about = { id: 1_005, conversation_id: 77, user_id: BOB, seq: 5 }
  t.match(take(), [
    { topics: ['user:1'], header: { kind: 'courtesy', after }, frames: [{ type: 'message_delivered', ...about }] },
    { topics: ['user:1', 'user:2'], header: { kind: 'courtesy', after }, frames: [{ type: 'message_read', ...about }] }
  ])
})
