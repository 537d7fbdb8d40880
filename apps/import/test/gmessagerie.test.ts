import t, { type Test } from 'tap'
import { loadFixture, needsServer, onEveryTarget, openTarget, runSql, type Target } from './databases.ts'
import { bringOver, brokenInvariants, rowsOf } from './imports.ts'

const SAID = `SELECT p.username AS sender, m.content, to_char(m.created_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI') AS at, c.member_count AS members
  FROM message m JOIN person p ON p.id = m.sender_id JOIN conversation c ON c.id = m.conversation_id ORDER BY c.changed_at, c.id, m.seq`
/** The last message that each member has read, and the last one that was delivered. */
const MARKS = `SELECT p.username, other.username AS with_whom,
    (SELECT m.content FROM message m WHERE m.conversation_id = s.conversation_id AND m.seq = s.read_seq) AS read,
    (SELECT m.content FROM message m WHERE m.conversation_id = s.conversation_id AND m.seq = s.delivered_seq) AS delivered
  FROM membership s JOIN person p ON p.id = s.user_id
  JOIN membership o ON o.conversation_id = s.conversation_id AND o.user_id <> s.user_id JOIN person other ON other.id = o.user_id
  ORDER BY p.id, other.id`

async function suite(t: Test, target: Target): Promise<void> {
  const [from, { database }] = [await loadFixture(t, 'gmessagerie'), await openTarget(t, target)]
  const report = await bringOver({ from, shape: 'gmessagerie', database })

  await t.test('pairs become direct conversations, notes too; media and overlong texts are reported', async t => {
    t.same(await rowsOf(database, SAID), [
      { sender: 'amir', content: 'Hello Lea', at: '04-01 09:01', members: 2 },
      { sender: 'lea', content: 'Hello Amir', at: '04-01 09:02', members: 2 },
      { sender: 'amir', content: 'How are you?', at: '04-01 09:03', members: 2 },
      { sender: 'amir', content: 'Still there?', at: '04-01 09:05', members: 2 },
      { sender: 'lea', content: 'Note to myself', at: '04-01 09:08', members: 1 },
      { sender: 'noor', content: 'Salut', at: '04-01 09:07', members: 2 }
    ])
    t.same(await brokenInvariants(database), [])
    t.same(report.kinds.messages, {
      ...{ read: 9, brought: 6, there: 0, changed: {} },
      left_out: {
        media: { count: 2, first: ['4', '6'] },
        too_long: { count: 1, first: ['9'] }
      }
    })
    t.match(report.kinds.conversations, { read: 0, brought: 3 })
    t.match(report.kinds.members, { brought: 5 })
  })

  await t.test('lists go by the times of the imported messages', async t => {
    const active = `SELECT to_char(max(m.created_at) AT TIME ZONE 'UTC', 'MM-DD HH24:MI') AS last, c.active_at = max(m.created_at) AS same
      FROM conversation c JOIN message m ON m.conversation_id = c.id GROUP BY c.id ORDER BY c.active_at`
    t.same(await rowsOf(database, active), [
      { last: '04-01 09:05', same: true },
      { last: '04-01 09:07', same: true },
      { last: '04-01 09:08', same: true }
    ])
  })

  await t.test('imported messages have their words', async t => {
    const found = await rowsOf(
      database,
      `SELECT content FROM message WHERE words @@ '''hello'' | ''there'''::tsquery ORDER BY created_at`
    )
    t.same(found, [{ content: 'Hello Lea' }, { content: 'Hello Amir' }, { content: 'Still there?' }])
  })

  await t.test('read and delivered messages stay read and delivered', async t => {
    t.same(await rowsOf(database, MARKS), [
      { username: 'amir', with_whom: 'lea', read: 'Hello Amir', delivered: 'Hello Amir' },
      { username: 'amir', with_whom: 'noor', read: null, delivered: 'Salut' },
      { username: 'lea', with_whom: 'amir', read: 'Hello Lea', delivered: 'How are you?' },
      { username: 'noor', with_whom: 'amir', read: null, delivered: null }
    ])
  })

  await t.test('profiles in a table of their own are imported', async t => {
    const people = await rowsOf(
      database,
      `SELECT username, first_name, email, bio, phone, avatar, to_char(last_seen AT TIME ZONE 'UTC', 'MM-DD HH24:MI') AS seen FROM person ORDER BY id`
    )
    t.same(people, [
      {
        ...{ username: 'amir', first_name: 'Amir', email: 'amir@example.org', bio: 'Sings.', phone: '0123' },
        ...{ avatar: 'https://example.org/amir.png', seen: '04-01 14:00' }
      },
      { username: 'lea', first_name: '', email: '', bio: '', phone: '', avatar: null, seen: null },
      { username: 'noor', first_name: '', email: 'noor@example.org', bio: '', phone: '', avatar: null, seen: null }
    ])
  })
}

await onEveryTarget(t, suite)

await t.test('the read mark of a media message applies to the messages before it', needsServer(), async t => {
  const [from, { database }] = [await loadFixture(t, 'gmessagerie'), await openTarget(t, 'PostgreSQL')]
  await runSql(
    from,
    `UPDATE chat_message SET status = 'sent' WHERE id IN (1, 3); UPDATE chat_message SET status = 'read' WHERE id = 4`
  )
  const report = await bringOver({ from, shape: 'gmessagerie', database })

  t.match(await rowsOf(database, MARKS), { 2: { username: 'lea', read: 'How are you?' } })
  t.same(report.kinds.read_marks.changed, { covered: { count: 2, first: ['4'] } })
})

await t.test('both backends can be imported into one database', needsServer(), async t => {
  const { database } = await openTarget(t, 'PostgreSQL')
  await bringOver({ from: await loadFixture(t, 'chat-matching'), shape: 'chat-matching', database })
  const report = await bringOver({ from: await loadFixture(t, 'gmessagerie'), shape: 'gmessagerie', database })

  t.match(report.kinds.people.changed.renumbered, { count: 3, first: [/^1 -> \d+$/, /^2 -> \d+$/, /^3 -> \d+$/] })
  const [amir] = await rowsOf<{ id: number; joined: Date }>(
    database,
    `SELECT id, date_joined AS joined FROM person WHERE username = 'amir'`
  )
  t.ok((amir?.id ?? 0) > 10)
  t.match(await rowsOf(database, `${SAID} LIMIT 100`), { 19: { sender: 'amir', content: 'Hello Lea' } })
  t.same(await brokenInvariants(database), [])
})
