import t from 'tap'
import type { SecurityEvent } from '../../src/audit/port.ts'
import { startApi } from '../app.ts'

t.test('every change of a role in a group is recorded, and nothing else of it', async t => {
  const reported: SecurityEvent[] = []
  const api = await startApi(t, { ports: () => ({ report: event => reported.push(event) }) })
  const [ann, bob, eve] = [await api.join(), await api.join(), await api.join()]
  const group = await ann.ask('POST', '/api/v1/conversations/', { participants: [bob.id, eve.id], title: 'Climbing' })
  const url = `/api/v1/conversations/${group.body.id}/`
  const setRole = (role: string) => ann.ask('PATCH', `${url}members/${bob.id}/`, { role })

  t.equal((await setRole('admin')).status, 204)
  t.equal((await setRole('admin')).status, 204, 'which changes nothing')
  t.equal((await eve.ask('PATCH', `${url}members/${bob.id}/`, { role: 'member' })).status, 403)
  t.equal((await setRole('owner')).status, 204)
  await bob.ask('POST', `${url}leave/`)

  const subject = { action: 'role_changed', subjectKind: 'conversation', subjectId: String(group.body.id) }
  const expected = [
    { ...subject, actorId: ann.id, ip: '127.0.0.1', detail: { user_id: bob.id, role: 'admin' } },
    { ...subject, actorId: ann.id, ip: '127.0.0.1', detail: { user_id: bob.id, role: 'owner' } },
    { ...subject, actorId: bob.id, ip: '127.0.0.1', detail: { user_id: ann.id, role: 'owner' } }
  ]
  t.strictSame(reported, expected)
  const rows = await api.open.database.query({
    name: 'test_role_events',
    text: `SELECT action, subject_kind AS "subjectKind", subject_id AS "subjectId", actor_id AS "actorId", ip, detail FROM audit ORDER BY id`
  })
  t.strictSame(rows, expected)
})
