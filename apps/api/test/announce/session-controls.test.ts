import type { Seq } from '@rendezvous/contract'
import t from 'tap'
import type { PersonalChange } from '../../src/announce/personal/port.ts'
import { sessionControls } from '../../src/people/sessions/controls.ts'
import { ANN, AT } from './recorded.ts'

t.test('the end of a session closes its sockets, except sockets of a spared token', async t => {
  const ended = (session_id: string): PersonalChange => {
    const facts = { type: 'session_ended', session_id, user_agent: '', reason: 'password_changed' } as const
    return { userId: ANN, seq: 4 as Seq, at: AT, facts }
  }
  const control = { kind: 'control', user_id: 1, code: 4501 }

  t.same(
    sessionControls([ended('a'), ended('b'), ended('c')], new Map([['b', 'jti']])).map(({ envelope }) => envelope),
    [{ header: { ...control, end_sessions: ['a', 'b', 'c'], spare: 'jti' }, frames: [] }]
  )
})
