import type { Seq } from '@rendezvous/contract'
import t from 'tap'
import type { Change } from '../../src/chat/changes/port.ts'
import { ANN, AT, BOB, conversationId, start } from './recorded.ts'

t.test('two online people who become contacts are told of each other’s presence, after their conversation', async t => {
  const created: Change = {
    ...{ conversationId, seq: 1 as Seq, memberIds: [ANN, BOB], membersSeq: 1 as Seq },
    ...{ type: 'conversation_created', title: '', userIds: [ANN, BOB], by: ANN, at: AT }
  }
  const both = start([ANN, BOB])
  both.announce([created], [])
  await both.settle()
  const after = { stream: 'conversation:77', seq: 1 }
  t.match(both.take().slice(1), [
    {
      topics: ['user:2'],
      header: { kind: 'courtesy', after },
      frames: [{ type: 'presence_update', user_id: ANN, online: true }]
    },
    { topics: ['user:1'], header: { kind: 'courtesy', after }, frames: [{ user_id: BOB }] }
  ])

  const nobody = start()
  nobody.announce([created], [])
  await nobody.settle()
  t.equal(nobody.take().length, 1)
})
