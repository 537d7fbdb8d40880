import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { createDatabase, loadFixture, needsServer } from '../../apps/import/test/databases.ts'
import { checkedFetch } from './contract/checked.ts'
import { from, importDjango } from './import.ts'
import { startStandalone } from './standalone.ts'

t.setTimeout(600_000) // it starts about a dozen processes in sequence

interface Conversation {
  readonly id: number
  readonly title: string | null
  readonly unread_count: number
  readonly last_message: { readonly content: string } | null
  readonly participants: readonly { readonly username: string }[]
}

/** Signs a user in over HTTP, and answers how to send GET requests with their token. */
async function signIn(url: string, username: string, password: string) {
  const answer = await checkedFetch(`${url}/api/token/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password })
  })
  const { access } = (await answer.json()) as { access?: string }
  const get = async <T>(path: string): Promise<T> => {
    const response = await checkedFetch(`${url}${path}`, { headers: { authorization: `Bearer ${access}` } })
    return (await response.json()) as T
  }
  return { status: answer.status, get }
}

await t.test(
  'users imported from the second backend sign in with their old passwords and find all their data',
  needsServer(),
  async t => {
    const [folder, source] = [t.testdir(), await loadFixture(t, 'chat-matching')]
    const report = join(folder, 'report.json')
    const imported = await importDjango([...from(source, 'chat-matching'), '--report', report], { DATA_DIR: folder })
    t.equal(imported.code, 0, imported.err)
    t.match(imported.out, /messages +22 +19 +0 +3 +0\n/)
    t.match(imported.err, /messages +22 of 22, 100%/)
    t.match(JSON.parse(await readFile(report, 'utf8')), { complete: true, kinds: { people: { brought: 10 } } })

    const { url, stop } = await startStandalone(folder)
    t.teardown(stop)
    for (const password of ["ana's password", "ana's password"]) {
      const ana = await signIn(url, 'ANA@example.org', password)
      t.equal(ana.status, 200)
      t.match(await ana.get('/api/v1/auth/profile/'), {
        id: 1,
        username: 'ana',
        location: 'Lyon',
        birth_date: '1994-02-28'
      })
    }
    for (const [name, password, status] of [
      ['ben', "ben's password", 200],
      ['chloé', "chloe's password", 200],
      ['emil', "emil's password", 200],
      ['gus', "gus's password", 401],
      ['ana', 'wrong', 401]
    ] as const) {
      t.equal((await signIn(url, name, password)).status, status, name)
    }

    const ben = await signIn(url, 'ben', "ben's password")
    const conversations = await ben.get<Conversation[]>('/api/v1/conversations/')
    t.match(
      conversations.map(({ title, unread_count, last_message }) => [title, unread_count, last_message?.content]),
      [
        [null, 0, 'last'],
        [null, 2, 'six'],
        ['Climbing', 2, 'The usual rock 🧗']
      ]
    )
    const withAna = conversations[1]
    const messages = await ben.get<{ content: string; created_at: string; status: string }[]>(
      `/api/v1/conversations/${withAna?.id}/messages/`
    )
    t.match(messages, [
      { content: 'one', created_at: '2025-03-01T09:20:00.000000Z', status: 'read' },
      { content: 'two' },
      { content: 'three' },
      { content: 'four', status: 'read' },
      { content: 'five', status: 'sent' },
      { content: 'six', status: 'sent' }
    ])
  }
)

await t.test('users of the first backend are imported into PostgreSQL, after a dry run', needsServer(), async t => {
  const [folder, source, target] = [t.testdir(), await loadFixture(t, 'gmessagerie'), await createDatabase(t)]
  const env = { DATA_DIR: folder, DATABASE_URL: target }
  const dryRun = await importDjango([...from(source, 'gmessagerie'), '--dry-run'], env)
  t.match(dryRun, { code: 0, out: /people +3 +3 .*This was a dry run: nothing was kept\./s })
  const imported = await importDjango(from(source, 'gmessagerie'), env)
  t.match(imported, { code: 0, out: /people +3 +3 +0 / })

  const { url, stop } = await startStandalone(folder, { DATABASE_URL: target })
  t.teardown(stop)
  const lea = await signIn(url, 'lea', "lea's password")
  t.equal(lea.status, 200)
  t.match(await lea.get('/messages/?with=1'), [
    { content: 'Hello Lea', sender: 1, receiver: 2, status: 'read' },
    { content: 'Hello Amir', sender: 2, receiver: 1, status: 'read' },
    { content: 'How are you?' },
    { content: 'Still there?' }
  ])
})
