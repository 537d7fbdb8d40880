import type { ConversationId, UserId } from '@rendezvous/contract'
import t from 'tap'
import { roomTopic, userTopic } from '../src/topics.ts'

t.test('topics are named after their user or conversation', async t => {
  t.equal(userTopic(7 as UserId), 'user:7')
  t.equal(roomTopic(9_007_199_254_740_991 as ConversationId), 'room:9007199254740991')
})
