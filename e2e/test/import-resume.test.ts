import t from 'tap'
import { loadFixture, needsServer, runSql } from '../../apps/import/test/databases.ts'
import { from, importDjango } from './import.ts'
import { startStandalone } from './standalone.ts'

t.setTimeout(600_000) // it starts about a dozen processes in sequence

await t.test(
  'an import that was killed or interrupted continues, and an interrupted one tells how',
  needsServer(),
  async t => {
    const [folder, source] = [t.testdir(), await loadFixture(t, 'chat-matching')]
    // With this many messages in batches of one, the signal arrives long before the end.
    await runSql(
      source,
      `INSERT INTO conversations_message (conversation_id, sender_id, content, is_read, created_at)
      SELECT 1, 1, 'message ' || i, false, '2025-05-01'::timestamptz + i * interval '1 second' FROM generate_series(1, 2000) i`
    )
    const [args, env] = [[...from(source, 'chat-matching'), '--batch', '1'], { DATA_DIR: folder }]
    const killed = await importDjango(args, env, child => child.kill('SIGKILL'))
    t.equal(killed.code, null)
    const interrupted = await importDjango(args, env, child => child.kill('SIGINT'))
    t.match(interrupted, { code: 130, out: /Interrupted\. .*run it again with the same arguments to go on/ })

    const done = await importDjango(from(source, 'chat-matching'), env)
    t.match(done, { code: 0, out: /people +10 +0 +10 / })
    const [, imported, existing] = /messages +2022 +(\d+) +(\d+)/.exec(done.out) ?? []
    t.equal(Number(imported) + Number(existing), 2_019)
  }
)

await t.test('an import that cannot run tells why, and writes nothing', needsServer(), async t => {
  const [folder, source] = [t.testdir(), await loadFixture(t, 'chat-matching')]
  t.match(await importDjango([], {}), { code: 2, err: /--from must be an address/ })
  t.match(await importDjango(from(source, 'gmessagerie'), { DATA_DIR: folder }), {
    code: 2,
    err: /messages\.table: there is no table "accounts_message" or "chat_message"/
  })
  t.match(await importDjango(from('postgres://nobody@127.0.0.1:1/none', 'gmessagerie'), { DATA_DIR: folder }), {
    code: 1,
    err: /the source cannot be opened/
  })

  const product = await startStandalone(folder)
  t.teardown(product.stop)
  t.match(await importDjango(from(source, 'chat-matching'), { DATA_DIR: folder }), {
    code: 1,
    err: /is in use by another process/
  })
})
