import t, { type Test } from 'tap'
import { loadFixture, onEveryTarget, openTarget, type Target } from './databases.ts'
import { bringOver, brokenInvariants, rowsOf } from './imports.ts'

interface Said {
  readonly username: string
  readonly content: string
}

/** Conversations as their members see them, without ids: members, messages in order, and what each has read. */
const CONVERSATIONS = `SELECT c.kind, c.title, to_char(c.created_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI') AS made, owner.username AS maker,
    (SELECT string_agg(p.username || CASE WHEN s.left_seq IS NULL THEN '' ELSE ' left' END || CASE s.role WHEN 3 THEN ' owns' ELSE '' END, ', ' ORDER BY p.id)
      FROM membership s JOIN person p ON p.id = s.user_id WHERE s.conversation_id = c.id) AS people,
    (SELECT array_agg(p.username || ': ' || left(m.content, 20) ORDER BY m.seq)
      FROM message m JOIN person p ON p.id = m.sender_id WHERE m.conversation_id = c.id) AS said,
    (SELECT array_agg(p.username || ' ' || coalesce((SELECT left(m.content, 20) FROM message m WHERE m.conversation_id = c.id AND m.seq = s.read_seq), '-')
      ORDER BY p.id) FROM membership s JOIN person p ON p.id = s.user_id WHERE s.conversation_id = c.id) AS read
  FROM conversation c JOIN person owner ON owner.id = c.created_by ORDER BY c.changed_at, c.id`

const z = 'z'.repeat(20)
const expected = [
  {
    kind: 1,
    title: '',
    made: '03-01 09:50',
    maker: 'dora',
    people: 'dora, emil',
    said: null,
    read: ['dora -', 'emil -']
  },
  {
    ...{ kind: 2, title: 'Climbing', made: '03-01 09:00', maker: 'ana', people: 'ana owns, ben, Chloé' },
    said: ['ana: Saturday?', 'ben: Yes', 'Chloé: Where?', 'ana: The usual rock 🧗'],
    read: ['ana Yes', 'ben Saturday?', 'Chloé Yes']
  },
  {
    ...{ kind: 1, title: '', made: '03-01 09:00', maker: 'ana', people: 'ana, ben' },
    said: ['ana: one', 'ben: two', 'ben: three', 'ben: four', 'ana: five', 'ana: six'],
    read: ['ana four', 'ben one']
  },
  {
    ...{ kind: 1, title: '', made: '03-01 09:00', maker: 'ana', people: 'ana, Chloé left' },
    said: ['Chloé: Bye', 'ana: Wait!'],
    read: ['ana Bye', 'Chloé -']
  },
  {
    ...{ kind: 2, title: '', made: '03-01 10:00', maker: 'fay', people: 'fay owns, gus, jo_ann' },
    said: ['fay: No title here', 'gus: Fine', 'fay: I said'],
    read: ['fay Fine', 'gus I said', 'jo_ann I said']
  },
  {
    ...{ kind: 2, title: 'Two of us', made: '03-01 10:10', maker: 'emil', people: 'emil owns, fay' },
    said: ['emil: A group of two'],
    read: ['emil -', 'fay -']
  },
  {
    ...{ kind: 2, title: '', made: '03-01 10:20', maker: 'dora', people: 'dora owns' },
    said: ['dora: Note to myself'],
    read: ['dora -']
  },
  {
    ...{ kind: 1, title: '', made: '03-01 09:00', maker: 'ben', people: 'ben, dora' },
    said: [`ben: ${z}`, 'ben: last'],
    read: ['ben -', 'dora last']
  }
]

async function suite(t: Test, target: Target): Promise<void> {
  const [from, open] = [await loadFixture(t, 'chat-matching'), await openTarget(t, target)]
  const { database } = open
  const first = await bringOver({ from, shape: 'chat-matching', database })

  await t.test('people keep their ids, and get another name when theirs is taken', async t => {
    const people = await rowsOf(
      database,
      `SELECT p.id, p.username, p.email, p.is_active, (SELECT array_agg(k.key ORDER BY k.key) FROM login_key k WHERE k.user_id = p.id) AS keys
        FROM person p ORDER BY p.id`
    )
    t.same(people, [
      { id: 1, username: 'ana', email: 'Ana@example.org', is_active: true, keys: ['ana', 'ana@example.org'] },
      { id: 2, username: 'ben', email: 'ben@example.org', is_active: true, keys: ['ben', 'ben@example.org'] },
      { id: 3, username: 'Chloé', email: 'chloe@example.org', is_active: true, keys: ['chloe@example.org', 'chloé'] },
      { id: 4, username: 'dora', email: 'dora@example.org', is_active: true, keys: ['dora', 'dora@example.org'] },
      { id: 5, username: 'emil', email: 'emil@example.org', is_active: true, keys: ['emil', 'emil@example.org'] },
      {
        id: 6,
        username: 'ANA_6',
        email: 'ana.two@example.org',
        is_active: true,
        keys: ['ana.two@example.org', 'ana_6']
      },
      { id: 7, username: 'fay', email: '', is_active: true, keys: ['fay'] },
      { id: 8, username: 'gus', email: 'gus@example.org', is_active: false, keys: ['gus', 'gus@example.org'] },
      {
        ...{ id: 9, username: 'ben@example.org_9', email: 'kim@example.org', is_active: true },
        keys: ['ben@example.org_9', 'kim@example.org']
      },
      { id: 10, username: 'jo_ann', email: '', is_active: true, keys: ['jo_ann'] }
    ])
    t.same(first.kinds.people, {
      ...{ read: 10, brought: 10, there: 0, left_out: {} },
      changed: {
        renamed: {
          count: 3,
          first: ['6: ANA -> ANA_6', '9: ben@example.org -> ben@example.org_9', '10: jo ann -> jo_ann']
        },
        email_dropped: { count: 2, first: ['10', '7'] },
        avatar_dropped: { count: 1, first: ['1'] },
        text_cut: { count: 2, first: ['10', '10'] },
        no_password: { count: 1, first: ['4'] }
      }
    })
  })

  await t.test('profiles are imported', async t => {
    const [ana] = await rowsOf(
      database,
      `SELECT first_name, last_name, bio, birth_date::text, gender, location, phone, avatar, to_char(date_joined AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS joined,
        to_char(last_seen AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS seen FROM person WHERE id = 1`
    )
    t.same(ana, {
      ...{ first_name: 'Ana', last_name: 'Álvarez', bio: 'Climbs, reads.', birth_date: '1994-02-28', gender: 'female' },
      ...{
        location: 'Lyon',
        phone: '+33 1 23 45 67 89',
        avatar: null,
        joined: '2025-02-28 16:20',
        seen: '2025-03-01 17:20'
      }
    })
    const [jo] = await rowsOf(
      database,
      'SELECT length(bio) AS bio, length(location) AS location FROM person WHERE id = 10'
    )
    t.same(jo, { bio: 2_000, location: 120 })
  })

  await t.test('the next registration gets a higher id', async t => {
    const [next] = await rowsOf<{ id: number }>(
      database,
      `SELECT nextval(pg_get_serial_sequence('person', 'id')) AS id`
    )
    t.ok((next?.id ?? 0) > 10)
  })

  await t.test('conversations are in the order of use, with their members, messages and read marks', async t => {
    t.same(await rowsOf(database, CONVERSATIONS), expected)
    t.same(await brokenInvariants(database), [])
    t.same(first.kinds.conversations, {
      ...{ read: 10, brought: 9, there: 0, changed: {} },
      left_out: { no_members: { count: 1, first: ['9'] } }
    })
  })

  await t.test('messages keep their times, and the report counts what was left out', async t => {
    const said = await rowsOf<Said>(
      database,
      `SELECT m.content, to_char(m.created_at AT TIME ZONE 'UTC', 'HH24:MI') AS at FROM message m JOIN conversation c ON c.id = m.conversation_id
        WHERE c.title = 'Climbing' ORDER BY m.seq`
    )
    t.same(said, [
      { content: 'Saturday?', at: '09:10' },
      { content: 'Yes', at: '09:11' },
      { content: 'Where?', at: '09:12' },
      { content: 'The usual rock 🧗', at: '09:13' }
    ])
    t.same(first.kinds.messages, {
      ...{ read: 22, brought: 19, there: 0, changed: {} },
      left_out: { empty: { count: 2, first: ['20', '21'] }, too_long: { count: 1, first: ['19'] } }
    })
    t.same(first.not_yet, { likes: 2, matches: 1, preferences: 1 })
  })

  await t.test('blocks are imported, except blocks of oneself', async t => {
    t.same(await rowsOf(database, 'SELECT blocker_id, blocked_id FROM block'), [{ blocker_id: 2, blocked_id: 8 }])
    t.match(first.kinds.blocks, { brought: 1, left_out: { to_oneself: { count: 1, first: ['4 4'] } } })
  })

  await t.test('imported history is not announced', async t => {
    t.same(await rowsOf(database, 'SELECT * FROM outbox'), [])
  })

  await t.test('a second run imports and changes nothing', async t => {
    const before = await rowsOf(database, 'SELECT * FROM conversation ORDER BY id')
    const second = await bringOver({ from, shape: 'chat-matching', database })
    const brought = Object.values(second.kinds).reduce((sum, tally) => sum + tally.brought, 0)
    t.equal(brought, 0)
    t.match(second.kinds, {
      people: { there: 10 },
      blocks: { there: 1 },
      conversations: { there: 9 },
      messages: { there: 19 }
    })
    t.same(await rowsOf(database, 'SELECT * FROM conversation ORDER BY id'), before)
    t.same(await rowsOf(database, CONVERSATIONS), expected)
  })
}

await onEveryTarget(t, suite)
