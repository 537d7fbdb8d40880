import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { InvalidMapping, type MappingFile, readMapping } from '../src/mapping.ts'
import { type Shape, shapes } from '../src/shapes.ts'
import { planOf, UnknownNames } from '../src/source/plan.ts'
import { openSource, SourceUnavailable } from '../src/source/source.ts'
import { createDatabase, loadFixture, needsServer, openTarget, runSql } from './databases.ts'
import { bringOver, rowsOf } from './imports.ts'

/** The problems of the names that a mapping gives. */
async function problemsOf(from: string, shape: Shape, given: MappingFile): Promise<string[]> {
  const source = await openSource(from)
  try {
    await planOf(source, { ...shapes[shape], given })
    return []
  } catch (error) {
    if (!(error instanceof UnknownNames)) throw error
    return error.message.split('\n').slice(1)
  } finally {
    await source.close()
  }
}

t.test('a mapping file is read, and an invalid one is refused with every wrong place', async t => {
  const file = join(t.testdir(), 'mapping.json')
  const mapping = { people: { table: 'users', columns: { bio: null, username: 'email' } }, blocks: null }
  await writeFile(file, JSON.stringify(mapping))
  t.same(await readMapping(file), mapping)

  await writeFile(file, JSON.stringify({ persons: {}, people: { columns: { nick: 'x' } }, messages: { table: 5 } }))
  await t.rejects(readMapping(file), InvalidMapping)
  await t.rejects(readMapping(file), { message: /\/messages/ })
  await writeFile(file, '{')
  await t.rejects(readMapping(file), InvalidMapping)
  await t.rejects(readMapping(join(t.testdirName, 'none.json')), InvalidMapping)
})

t.test('a source that cannot be reached is an error that says so', async t => {
  await t.rejects(openSource('postgresql://nobody@127.0.0.1:1/nothing'), SourceUnavailable)
})

t.test('every name is checked before anything is written', needsServer(), async t => {
  const from = await loadFixture(t, 'chat-matching')

  t.same(await problemsOf(from, 'chat-matching', {}), [])
  await runSql(from, `INSERT INTO django_content_type (app_label, model) VALUES ('conversations', 'message')`)
  t.same(await problemsOf(from, 'gmessagerie', {}), [
    '  messages.columns.receiver: "conversations_message" has no such column'
  ])
  t.same(await problemsOf(await createDatabase(t), 'gmessagerie', {}), [
    '  people.table: there is no table "accounts_user" or "auth_user"',
    '  messages.table: there is no table "accounts_message" or "chat_message"'
  ])
  t.same(
    await problemsOf(from, 'chat-matching', {
      people: { columns: { bio: 'about', password: 'hash', gender: null } },
      profiles: { table: 'accounts_profile' },
      conversations: { columns: { id: 'title' } },
      messages: { columns: { sender: 'created_at', content: null } },
      blocks: { table: 'no"such' }
    }),
    [
      '  people.columns.password: "accounts_user" has no column "hash"',
      '  people.columns.bio: "accounts_user" has no column "about"',
      '  messages.columns.sender: timestamp with time zone cannot be a key',
      '  messages.columns.content: no column is named',
      '  profiles.table: there is no table "accounts_profile"',
      '  blocks.table: there is no table "no""such"'
    ]
  )
})

/** The first backend's own tables, which are all in its app `accounts`. It has no profiles. */
const AS_ITS_CODE = `ALTER TABLE auth_user RENAME TO accounts_user; ALTER TABLE chat_message RENAME TO accounts_message;
  DROP TABLE accounts_profile; UPDATE accounts_user SET email = username || '@example.org', username = username || '@example.org'`

t.test('the tables of the first backend are found under the names that its code gives them', needsServer(), async t => {
  const from = await loadFixture(t, 'gmessagerie')
  await runSql(from, AS_ITS_CODE)
  const { database } = await openTarget(t, 'PostgreSQL')

  const report = await bringOver({ from, shape: 'gmessagerie', database })

  t.match(report.kinds, { people: { brought: 3 }, messages: { brought: 6 } })
  const people = await rowsOf(database, 'SELECT username, email FROM person ORDER BY id LIMIT 1')
  t.same(people, [{ username: 'amir@example.org', email: 'amir@example.org' }])
})

t.test('tables of other apps are found by the models that Django lists, the ones that fit', needsServer(), async t => {
  const from = await loadFixture(t, 'gmessagerie')
  await runSql(
    from,
    `ALTER TABLE auth_user RENAME TO membres_customuser; ALTER TABLE chat_message RENAME TO discussion_message;
    ALTER TABLE accounts_profile RENAME TO membres_profile; CREATE TABLE forum_message (id int, title text);
    INSERT INTO django_content_type (app_label, model) VALUES ('membres', 'customuser'), ('membres', 'profile'),
      ('discussion', 'message'), ('forum', 'message'), ('removed', 'message')`
  )
  const { database } = await openTarget(t, 'PostgreSQL')

  const report = await bringOver({ from, shape: 'gmessagerie', database })

  t.match(report.kinds, { people: { brought: 3 }, messages: { brought: 6 } })
  t.match(await rowsOf(database, `SELECT bio FROM person WHERE username = 'amir'`), [{ bio: 'Sings.' }])
})

t.test('the second backend’s tables are found in another app, too, its members among them', needsServer(), async t => {
  const from = await loadFixture(t, 'chat-matching')
  await runSql(
    from,
    `ALTER TABLE conversations_conversation RENAME TO talk_conversation; ALTER TABLE conversations_message RENAME TO talk_message;
    ALTER TABLE conversations_conversation_participants RENAME TO talk_conversation_participants;
    INSERT INTO django_content_type (app_label, model) VALUES ('talk', 'conversation'), ('talk', 'message')`
  )

  t.same(await problemsOf(from, 'chat-matching', {}), [])
})

t.test('a source may have other table names, keys of another type, and a table of readers', needsServer(), async t => {
  const from = await createDatabase(t)
  await runSql(
    from,
    `CREATE SCHEMA chat;
    CREATE TABLE chat."User" (uid uuid PRIMARY KEY, mail text, pass text);
    CREATE TABLE chat.room (id uuid PRIMARY KEY);
    CREATE TABLE chat.seat (room uuid, "user" uuid);
    CREATE TABLE chat.line (id uuid PRIMARY KEY, room uuid, author uuid, body text, sent timestamptz);
    CREATE TABLE chat.seen (line uuid, "user" uuid);
    INSERT INTO chat."User" SELECT ('00000000-0000-4000-8000-00000000000' || i)::uuid, 'p' || i || '@example.org', '!' FROM generate_series(1, 3) i;
    INSERT INTO chat.room VALUES ('00000000-0000-4000-8000-0000000000aa');
    INSERT INTO chat.seat SELECT '00000000-0000-4000-8000-0000000000aa', uid FROM chat."User";
    INSERT INTO chat.line SELECT ('00000000-0000-4000-8000-0000000000b' || i)::uuid, '00000000-0000-4000-8000-0000000000aa',
      '00000000-0000-4000-8000-000000000001', 'line ' || i, '2025-01-01'::timestamptz + i * interval '1 minute' FROM generate_series(1, 3) i;
    INSERT INTO chat.seen VALUES ('00000000-0000-4000-8000-0000000000b2', '00000000-0000-4000-8000-000000000003')`
  )
  const { database } = await openTarget(t, 'PostgreSQL')
  const report = await bringOver({
    ...{ from, shape: 'chat-matching', database },
    mapping: {
      people: { table: 'chat.User', columns: { id: 'uid', username: 'mail', email: 'mail', password: 'pass' } },
      conversations: { table: 'chat.room' },
      participants: { table: 'chat.seat', columns: { conversation: 'room', person: 'user' } },
      messages: {
        table: 'chat.line',
        columns: { conversation: 'room', sender: 'author', content: 'body', created_at: 'sent' }
      },
      readers: { table: 'chat.seen', columns: { message: 'line', person: 'user' } }
    }
  })

  t.match(report.kinds, { people: { brought: 3 }, conversations: { brought: 1 }, messages: { brought: 3 } })
  const read = await rowsOf(
    database,
    `SELECT p.username, (SELECT m.content FROM message m WHERE m.conversation_id = s.conversation_id AND m.seq = s.read_seq) AS read
      FROM membership s JOIN person p ON p.id = s.user_id ORDER BY p.username`
  )
  t.same(read, [
    { username: 'p1@example.org', read: null },
    { username: 'p2@example.org', read: null },
    { username: 'p3@example.org', read: 'line 2' }
  ])
})
