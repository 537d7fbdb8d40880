import { randomUUID } from 'node:crypto'
import type { UserId } from '@rendezvous/contract'
import t from 'tap'
import { databaseSessions } from '../../src/people/sessions/adapter.ts'
import type { RefreshUse } from '../../src/people/sessions/port.ts'
import { onEveryEngine } from '../database/engines.ts'
import { addPerson, device, HASH, markPerson, openSession, signIn, stateOf, usersOf } from './people.ts'

const FAR = Date.UTC(2100, 0)

t.test('sessions', async t => {
  await onEveryEngine(t, async (t, open) => {
    const sessions = databaseSessions(open.database)

    t.test('a session is ended when it is absent, another user’s, or its user is inactive', async t => {
      const session = await signIn(sessions, open)
      const stranger = await signIn(sessions, open)
      const use: RefreshUse = { ...session, tokenId: randomUUID() }

      t.strictSame(await sessions.use({ ...use, sessionId: randomUUID() }), { status: 'ended' })
      t.strictSame(await sessions.use({ ...use, userId: stranger.userId }), { status: 'ended' })
      await markPerson(open, session.userId, 'inactive')
      t.strictSame(await sessions.use(use), { status: 'ended' })
      t.match(await stateOf(sessions, session.sessionId), { ended: true, sparedTokenId: null })
    })

    t.test('a session starts only while the checked password hash is stored', async t => {
      const { id: userId } = await addPerson(usersOf(open))
      const session = { id: randomUUID(), userId, ...device }
      t.notOk(await sessions.create({ ...session, passwordHash: 'an older one' }))
      t.equal(await stateOf(sessions, session.id), null)
      t.ok(await sessions.create({ ...session, passwordHash: HASH, userAgent: 'x'.repeat(600) }))
      t.strictSame(await stateOf(sessions, session.id), { userId, ended: false, sparedTokenId: null })
    })

    for (const state of ['deleted', 'inactive'] as const) {
      t.test(`a user who is ${state} starts no session`, async t => {
        const { id: userId } = await addPerson(usersOf(open))
        await markPerson(open, userId, state)
        t.notOk(await sessions.create({ id: randomUUID(), userId, passwordHash: HASH, ...device }))
      })
    }

    t.test('a session ends once, and only for its own user', async t => {
      const session = await signIn(sessions, open)
      const stranger = await signIn(sessions, open)
      const end = async (userId: UserId) =>
        (await sessions.end(userId, { ids: [session.sessionId] }, { reason: 'logged_out', ip: '' })).sessionIds
      t.strictSame(await end(stranger.userId), [])
      t.strictSame(await end(session.userId), [session.sessionId])
      t.strictSame(await end(session.userId), [])
      t.equal((await stateOf(sessions, session.sessionId))?.ended, true)
      t.equal((await stateOf(sessions, stranger.sessionId))?.ended, false)
    })

    t.test('all sessions of a user except one end together, and sessions of others stay', async t => {
      const first = await signIn(sessions, open)
      const [second, third] = [await openSession(sessions, first.userId), await openSession(sessions, first.userId)]
      const stranger = await signIn(sessions, open)
      const endOthers = () => sessions.end(first.userId, { allBut: first.sessionId }, { reason: 'revoked', ip: '' })

      const { sessionIds, appended } = await endOthers()
      t.strictSame(new Set(sessionIds), new Set([second, third]))
      t.match(
        appended.events.map(({ facts }) => facts),
        sessionIds.map(id => ({ type: 'session_ended', session_id: id, user_agent: 'test', reason: 'revoked' }))
      )
      t.strictSame(await endOthers(), { sessionIds: [], appended: { events: [], outboxIds: [] }, audited: [] })
      for (const id of [first.sessionId, stranger.sessionId]) t.equal((await stateOf(sessions, id))?.ended, false)
    })

    t.test('a spared token ends with the next call that ends its session', async t => {
      const first = await signIn(sessions, open)
      const change = (currentHash: string, newHash: string, sessionId: string, id = randomUUID()) =>
        sessions.changePassword({
          ...{ userId: first.userId, currentHash, newHash, next: { id, ...device } },
          spare: { sessionId, tokenId: randomUUID() }
        })
      const next = randomUUID()
      await change(HASH, 'second', first.sessionId, next)
      t.type((await stateOf(sessions, first.sessionId))?.sparedTokenId, 'string')

      t.ok((await change('second', 'third', next))?.sessionIds.includes(first.sessionId))
      t.match(await stateOf(sessions, first.sessionId), { ended: true, sparedTokenId: null })
      await sessions.end(first.userId, { allBut: first.sessionId }, { reason: 'revoked', ip: '' })
      t.match(await stateOf(sessions, next), { ended: true, sparedTokenId: null })
    })

    t.test('active sessions are listed in pages, the last used first', async t => {
      const first = await signIn(sessions, open)
      const [second, third] = [await openSession(sessions, first.userId), await openSession(sessions, first.userId)]
      const [ended, old] = [await openSession(sessions, first.userId), await openSession(sessions, first.userId)]
      await sessions.end(first.userId, { ids: [ended] }, { reason: 'logged_out', ip: '' })
      const lastUsed = {
        name: 'test_last_used',
        text: `UPDATE session SET last_used_at = now() - $2 * interval '1 minute' WHERE id = $1`
      }
      const ages = [
        [first.sessionId, 2],
        [second, 1],
        [third, 2],
        [old, 61]
      ] as const
      for (const [id, minutes] of ages) await open.database.query(lastUsed, [id, minutes])

      const page = { refreshTtlMs: 3_600_000, limit: 2 }
      const listed = await sessions.list(first.userId, page)
      t.match(listed, [{ id: second, userAgent: 'test', ip: '::1', createdAt: Date, lastUsedAt: Date }, {}])
      const before = listed.at(-1)
      if (before === undefined) throw new Error('the list is empty')
      const rest = await sessions.list(first.userId, { ...page, before })
      t.strictSame(
        new Set([...listed, ...rest].map(({ id }) => id)),
        new Set([second, first.sessionId, third]),
        'each once, without ended sessions and expired refresh tokens'
      )
    })

    t.test('a new password ends all sessions, starts the next, and spares one access token', async t => {
      const first = await signIn(sessions, open)
      const second = await openSession(sessions, first.userId)
      const [tokenId, next] = [randomUUID(), randomUUID()]
      const ended = await sessions.changePassword({
        userId: first.userId,
        currentHash: HASH,
        newHash: 'new',
        spare: { sessionId: first.sessionId, tokenId },
        next: { id: next, ...device }
      })

      t.strictSame(new Set(ended?.sessionIds), new Set([first.sessionId, second]))
      t.match(
        ended?.appended.events.map(({ facts }) => facts),
        [
          { type: 'session_ended', reason: 'password_changed' },
          { type: 'session_ended', reason: 'password_changed' },
          { type: 'session_started', session_id: next, user_agent: 'test', ip: '::1' }
        ]
      )
      const { userId } = first
      t.strictSame(await sessions.states([first.sessionId, second, next, randomUUID()]), [
        { userId, ended: true, sparedTokenId: tokenId },
        { userId, ended: true, sparedTokenId: null },
        { userId, ended: false, sparedTokenId: null },
        null
      ])
      t.equal((await usersOf(open).findCredentials({ userId }))?.passwordHash, 'new')

      await markPerson(open, userId, 'inactive')
      t.equal(
        (await stateOf(sessions, first.sessionId))?.sparedTokenId,
        null,
        'a deactivated user keeps no spared token'
      )
    })

    t.test('a change against an outdated hash changes nothing and ends no session', async t => {
      const { userId, sessionId } = await signIn(sessions, open)
      const spare = { sessionId, tokenId: randomUUID() }
      const next = { id: randomUUID(), ...device }
      const change = { userId, currentHash: 'an older one', newHash: 'new', spare, next }
      t.equal(await sessions.changePassword(change), null)
      t.strictSame(await sessions.states([sessionId, next.id]), [{ userId, ended: false, sparedTokenId: null }, null])
    })

    t.test('a log-in with the old password during a change of password leaves no active session', async t => {
      const { userId, sessionId } = await signIn(sessions, open)
      const ids = Array.from({ length: 10 }, () => randomUUID())
      const logIns = ids.map(id => sessions.create({ id, userId, passwordHash: HASH, ...device }))
      const spare = { sessionId, tokenId: randomUUID() }
      const next = { id: randomUUID(), ...device }
      const change = sessions.changePassword({ userId, currentHash: HASH, newHash: 'new', spare, next })
      await Promise.all([change, ...logIns])

      const states = await sessions.states(ids)
      t.notOk(states.some(state => state !== null && !state.ended))
      t.equal((await stateOf(sessions, next.id))?.ended, false)
    })

    t.test('a purge deletes a bounded number of expired tokens and sessions and keeps the rest', async t => {
      const session = await signIn(sessions, open)
      const old = await signIn(sessions, open)
      const retire = (expiresAt: number) =>
        sessions.use({ ...session, tokenId: randomUUID(), parent: { tokenId: randomUUID(), expiresAt } })
      await Promise.all([retire(1_000), retire(2_000), retire(3_000), retire(FAR)])
      const age = {
        name: 'test_age',
        text: "UPDATE session SET last_used_at = now() - interval '15 days' WHERE id = $1"
      }
      await open.database.query(age, [old.sessionId])

      const bounds = { refreshTtlMs: 14 * 86_400_000, limit: 2 }
      t.equal(await sessions.purge(bounds), 3, 'two tokens and a session')
      t.equal(await sessions.purge(bounds), 1)
      t.equal(await sessions.purge(bounds), 0)
      t.equal(await stateOf(sessions, old.sessionId), null)
      t.equal((await stateOf(sessions, session.sessionId))?.ended, false)
    })
  })
})
