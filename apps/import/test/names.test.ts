import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { BadMapping, type MappingFile, readMapping } from '../src/mapping.ts'
import { type Shape, shapes } from '../src/shapes.ts'
import { BadNames, planOf } from '../src/source/plan.ts'
import { openSource, SourceClosed } from '../src/source/source.ts'
import { createDatabase, loadFixture, needsServer, openTarget, runSql } from './databases.ts'
import { bringOver, rowsOf } from './imports.ts'

/** What is wrong with the names that a mapping gives; none when nothing is. */
async function problemsOf(from: string, shape: Shape, given: MappingFile): Promise<string[]> {
  const source = await openSource(from)
  try {
    await planOf(source, { ...shapes[shape], given })
    return []
  } catch (error) {
    if (!(error instanceof BadNames)) throw error
    return error.message.split('\n').slice(1)
  } finally {
    await source.close()
  }
}

t.test('a mapping file is read, and one that is none is told with every place', async t => {
  const file = join(t.testdir(), 'mapping.json')
  const mapping = { people: { table: 'users', columns: { bio: null, username: 'email' } }, blocks: null }
  await writeFile(file, JSON.stringify(mapping))
  t.same(await readMapping(file), mapping)

  await writeFile(file, JSON.stringify({ persons: {}, people: { columns: { nick: 'x' } }, messages: { table: 5 } }))
  await t.rejects(readMapping(file), BadMapping)
  await t.rejects(readMapping(file), { message: /\/messages/ })
  await writeFile(file, '{')
  await t.rejects(readMapping(file), BadMapping)
  await t.rejects(readMapping(join(t.testdirName, 'none.json')), BadMapping)
})

t.test('a source that cannot be reached is said to be so', async t => {
  await t.rejects(openSource('postgresql://nobody@127.0.0.1:1/nothing'), SourceClosed)
})

t.test('names are looked for before anything is written', needsServer(), async t => {
  const from = await loadFixture(t, 'chat-matching')

  t.same(await problemsOf(from, 'chat-matching', {}), [])
  t.same(await problemsOf(from, 'gmessagerie', {}), [
    '  people.table: there is no table "auth_user"',
    '  messages.table: there is no table "chat_message"'
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

t.test(
  'a source whose tables have other names, keys of another type and readers of their own',
  needsServer(),
  async t => {
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
  }
)
