import { type Database, databasePorts } from '@rendezvous/api'
import type { ConversationId, UserId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { WrongSource } from '../src/steps/people.ts'
import { loadFixture, needsServer, onEveryTarget, openTarget, runSql, type Target } from './databases.ts'
import { bringOver, brokenInvariants, rowsOf } from './imports.ts'

const [ANA, BEN, EMIL] = [1, 2, 5] as [UserId, UserId, UserId]
const CLIMBING = `(SELECT id FROM conversation WHERE title = 'Climbing')`

async function climbing(database: Database): Promise<ConversationId> {
  const [row] = await rowsOf<{ id: ConversationId }>(database, `SELECT ${CLIMBING} AS id`)
  if (row === undefined) throw new Error('the group was not found')
  return row.id
}

async function passwordOf(database: Database, id: UserId): Promise<string> {
  const [row] = await rowsOf<{ hash: string }>(database, `SELECT password_hash AS hash FROM person WHERE id = ${id}`)
  return row?.hash ?? ''
}

/** Each test continues where the previous one ended. Long because it follows one deployment through many runs. */
async function suite(t: Test, target: Target): Promise<void> {
  const [from, open] = [await loadFixture(t, 'chat-matching'), await openTarget(t, target)]
  const { database } = open
  const ports = databasePorts(open)
  const again = () => bringOver({ from, shape: 'chat-matching', database })
  await again()
  const id = await climbing(database)

  await t.test('new messages of the source come after the messages that were sent here in the meantime', async t => {
    const draft = { conversationId: id, senderId: ANA, clientId: crypto.randomUUID(), kind: 1, content: 'said here' }
    await ports.messages.append([draft])
    await runSql(
      from,
      `INSERT INTO conversations_message (conversation_id, sender_id, content, is_read, created_at) VALUES (1, 2, 'said there', true, now())`
    )
    const report = await again()

    t.equal(report.kinds.messages.brought, 1)
    const page = await ports.messages.page(id, BEN, { limit: 50 })
    t.same(
      page?.messages.map(({ seq, content }) => [seq, content]),
      [
        [2, 'Saturday?'],
        [3, 'Yes'],
        [4, 'Where?'],
        [5, 'The usual rock 🧗'],
        [6, 'said here'],
        [7, 'said there']
      ]
    )
    t.equal((await ports.conversations.findForMember(id, ANA))?.readSeq, 7, 'read marks are imported again')
    t.same(await brokenInvariants(database), [])
  })

  await t.test('a person who joined a group in the source joins it here, and sees its whole history', async t => {
    await runSql(from, 'INSERT INTO conversations_conversation_participants (conversation_id, user_id) VALUES (1, 5)')
    const report = await again()

    t.equal(report.kinds.members.brought, 1)
    t.match(await ports.conversations.findForMember(id, EMIL), { memberCount: 4, lastSeq: 8, membersSeq: 8 })
    t.equal((await ports.messages.page(id, EMIL, { limit: 50 }))?.messages.length, 6)
    t.same(await brokenInvariants(database), [])
  })

  await t.test('a member who left here is not added again, and a lifted block stays lifted', async t => {
    await ports.conversations.leave(id, BEN)
    await rowsOf(database, 'DELETE FROM block')
    await again()

    t.equal(await ports.conversations.findForMember(id, BEN), null)
    t.same(await rowsOf(database, 'SELECT * FROM block'), [])
    t.same(await brokenInvariants(database), [])
  })

  await t.test('a password that was changed in the source is used until the person has signed in here', async t => {
    const [ana, ben] = [await passwordOf(database, ANA), await passwordOf(database, BEN)]
    await ports.oldHashes.renew(BEN, ben, '$argon2id$renewed')
    const changed = ana.replace('1000000$', '1000000$changed')
    await runSql(from, `UPDATE accounts_user SET password = '${changed}' WHERE id IN (${ANA}, ${BEN})`)
    await again()

    t.equal(await passwordOf(database, ANA), changed)
    t.equal(await passwordOf(database, BEN), '$argon2id$renewed')
  })

  await t.test('another database under the same name is refused', async t => {
    const from = await loadFixture(t, 'chat-matching')
    await runSql(from, `UPDATE accounts_user SET date_joined = date_joined + interval '1 day'`)

    await t.rejects(bringOver({ from, shape: 'chat-matching', database }), WrongSource)
    const report = await bringOver({ from, shape: 'chat-matching', database, name: 'the other one' })
    t.match(report.kinds.people, { brought: 10, changed: { renamed: { count: 10 }, renumbered: { count: 10 } } })
  })

  await t.test('a person who was deleted here is not imported again, and their new messages are left out', async t => {
    await rowsOf(database, `DELETE FROM membership WHERE user_id = ${EMIL}`)
    await rowsOf(database, `DELETE FROM person WHERE id = ${EMIL}`)
    await runSql(
      from,
      `INSERT INTO conversations_message (conversation_id, sender_id, content, is_read, created_at) VALUES (7, 5, 'Me again', false, now())`
    )
    const report = await again()

    t.match(report.kinds, { people: { brought: 0, there: 10 }, messages: { brought: 0 } })
    t.ok((report.kinds.messages.left_out.unknown_person?.count ?? 0) > 0)
  })
}

await onEveryTarget(t, suite)

await t.test('a person who has registered here keeps their name, address and id', needsServer(), async t => {
  const [from, open] = [await loadFixture(t, 'chat-matching'), await openTarget(t, 'PostgreSQL')]
  const { users } = databasePorts(open)
  const saved = await users.register({ username: 'Ben', email: 'EMIL@example.org', passwordHash: 'x' })
  const report = await bringOver({ from, shape: 'chat-matching', database: open.database })

  t.match(saved, { ok: true, profile: { id: 1 } })
  t.match(report.kinds.people.changed, {
    renumbered: { count: 1, first: [/^1 -> \d+$/] },
    renamed: { count: 4 },
    email_dropped: { count: 3, first: ['10', '5', '7'] }
  })
  t.match(await users.findCredentials({ login: 'ben' }), { userId: 1 })
  t.match(await users.findCredentials({ login: 'ben_2' }), { userId: 2 })
})
