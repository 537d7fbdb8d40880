import type { ConversationId, Seq, UserId } from '@rendezvous/contract'
import pg from 'pg'
import t, { type Test } from 'tap'
import { messagesIn } from '../../src/chat/messages/adapter.ts'
import { appender } from '../../src/chat/messages/append.ts'
import type { Appended, Draft } from '../../src/chat/messages/port.ts'
import { receiptsIn } from '../../src/chat/receipts/adapter.ts'
import { receiptService } from '../../src/chat/receipts/service.ts'
import { migrate } from '../../src/database/migrate.ts'
import { type OpenDatabase, openDatabase } from '../../src/database/open.ts'
import { created, directFixture, draft } from './direct-fixture.ts'
import { createDatabase, needsServer } from './engines.ts'

/** A node with pools of the default sizes, and another session of its database that holds locks. */
interface TestNode {
  readonly open: OpenDatabase
  readonly append: (draft: Draft) => Promise<Appended>
  /** Locks conversations, or their memberships, until `unlock`. */
  lock(ids: readonly ConversationId[], table?: 'conversation' | 'membership'): Promise<void>
  unlock(): Promise<void>
  /** Resolves when `count` sessions wait for a lock. */
  waiters(count: number): Promise<void>
}

/** A conversation and its sender. */
interface Chat {
  readonly id: ConversationId
  readonly ann: UserId
}

async function start(t: Test): Promise<TestNode> {
  const { url, drop } = await createDatabase()
  const open = await openDatabase({ engine: 'postgresql', url, statementTimeoutMs: 20_000 })
  const session = new pg.Client({ connectionString: url })
  t.teardown(async () => {
    await session.end()
    await open.close()
    await drop()
  })
  await session.connect()
  await migrate(open.database)
  const text = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  return {
    open,
    append: appender(messagesIn(open.database, open.hot), { announce() {} }),
    async lock(ids, table = 'conversation') {
      const column = table === 'conversation' ? 'id' : 'conversation_id'
      await session.query('BEGIN')
      await session.query(`SELECT 1 FROM ${table} WHERE ${column} = ANY ($1) FOR NO KEY UPDATE`, [ids])
    },
    async unlock() {
      await session.query('ROLLBACK')
    },
    async waiters(wanted) {
      const count = () => open.database.query<{ n: number }>({ name: 'test_waiters', text })
      while (((await count())[0]?.n ?? 0) < wanted);
    }
  }
}

/** Keeps `isSettled` up to date for a promise. */
function watched<Value>(promise: Promise<Value>): { readonly promise: Promise<Value>; isSettled: boolean } {
  const watch = { promise, isSettled: false }
  const settle = () => {
    watch.isSettled = true
  }
  promise.then(settle, settle)
  return watch
}

async function openChats(open: OpenDatabase, count: number): Promise<Chat[]> {
  return Promise.all(Array.from({ length: count }, () => directFixture(open)))
}

const say = ({ id, ann }: Chat, content: string) => draft(id, ann, content)

await t.test(
  'a locked conversation delays no send in another, however many sends wait for it',
  needsServer(),
  async t => {
    const { open, append, lock, unlock, waiters } = await start(t)
    const [locked, mate, elsewhere] = (await openChats(open, 3)) as [Chat, Chat, Chat]
    await lock([locked.id])

    const held = [watched(append(say(locked, '1'))), watched(append(say(locked, '2')))]
    const beside = append(say(mate, 'in the same batch'))
    await waiters(1)
    held.push(watched(append(say(locked, '3'))))
    const sent = await append(say(elsewhere, 'hello'))
    held.push(watched(append(say(locked, '4'))))
    const next = await append(say(elsewhere, 'hello again'))

    t.same([created(sent).seq, created(next).seq, created(await beside).seq], [2, 3, 2])
    t.notOk(
      held.some(({ isSettled }) => isSettled),
      'sends in the locked conversation still wait'
    )
    await unlock()
    const answers = await Promise.all(held.map(({ promise }) => promise))
    t.same(
      answers.map(answer => created(answer).seq),
      [2, 3, 4, 5],
      'sends are stored in their order'
    )
  }
)

await t.test(
  'a client_id that comes twice fails no send that was stored beside a locked one',
  needsServer(),
  async t => {
    const { open, append, lock, unlock, waiters } = await start(t)
    const [locked, mate, elsewhere] = (await openChats(open, 3)) as [Chat, Chat, Chat]
    await lock([locked.id])

    const once = say(mate, 'once')
    const sent = [say(elsewhere, 'hello'), once, { ...once, content: 'else' }].map(append)
    const held = watched(append(say(locked, 'held')))
    await waiters(1)

    t.same(
      (await Promise.all(sent)).map(({ status }) => status),
      ['created', 'created', 'conflict']
    )
    t.notOk(held.isSettled)
    await unlock()
    t.equal(created(await held.promise).seq, 2)
  }
)

await t.test('more locked conversations than connections delay no send in another', needsServer(), async t => {
  const { open, append, lock, unlock, waiters } = await start(t)
  const [elsewhere, ...locked] = (await openChats(open, 6)) as [Chat, ...Chat[]]
  await lock(locked.map(({ id }) => id))

  const held = locked.map(place => watched(append(say(place, 'held'))))
  await waiters(1)
  t.equal(created(await append(say(elsewhere, 'hello'))).seq, 2)
  held.push(...locked.map(place => watched(append(say(place, 'held too')))))
  t.equal(created(await append(say(elsewhere, 'hello again'))).seq, 3)

  t.notOk(held.some(({ isSettled }) => isSettled))
  await unlock()
  const answers = await Promise.all(held.map(({ promise }) => promise))
  t.same(
    answers.map(answer => created(answer).seq),
    [...locked.map(() => 2), ...locked.map(() => 3)]
  )
})

await t.test('receipts of a locked membership delay no receipt in another conversation', needsServer(), async t => {
  const { open, lock, unlock, waiters } = await start(t)
  const [locked, elsewhere] = (await openChats(open, 2)) as [Chat, Chat]
  const service = receiptService({
    receipts: receiptsIn(open.database, open.hot),
    announcer: { receipts() {}, reached() {} }
  })
  const read = ({ id, ann }: Chat) => service.read(ann, id, 1 as Seq)
  await lock([locked.id], 'membership')

  const held = [watched(read(locked))]
  await waiters(1)
  held.push(watched(read(locked)))
  t.equal(await read(elsewhere), 1)

  t.notOk(held.some(({ isSettled }) => isSettled))
  await unlock()
  t.same(await Promise.all(held.map(({ promise }) => promise)), [1, 1])
})
