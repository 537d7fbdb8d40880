import { join } from 'node:path'
import { http } from '@rendezvous/client'
import t from 'tap'
import { witnessedFetch } from './contract/witness.ts'
import { newPerson, PASSWORD } from './person.ts'
import { refusedStandalone, startStandalone } from './standalone.ts'

t.test('kill -9 in the middle of sends loses nothing that was acknowledged', async t => {
  const folder = t.testdir()
  const before = await startStandalone(folder)
  const [ann, bob] = [await newPerson(before.url), await newPerson(before.url)]
  const { id } = await ann.http.openConversation(bob.id)
  const acknowledged: string[] = []
  let tellEnough = () => {}
  const enough = new Promise<void>(resolve => {
    tellEnough = resolve
  })
  const sender = async (name: number) => {
    for (let n = 0; ; n++) {
      const sent = await ann.http.send(id, `${name}:${n}`)
      acknowledged.push(sent.content)
      if (acknowledged.length === 100) tellEnough()
    }
  }
  const senders = Promise.allSettled(Array.from({ length: 8 }, (_, name) => sender(name)))

  await enough
  await before.kill()
  await senders
  const after = await startStandalone(folder)
  t.teardown(() => after.stop())

  const again = http(after.url, witnessedFetch)
  await again.login(bob.name, PASSWORD)
  const stored = await everyMessage(again, id)
  const missing = acknowledged.filter(content => !stored.some(message => message.content === content))
  t.same(missing, [])
  t.same(
    stored.map(message => message.seq),
    stored.map((_, index) => index + 2),
    'and the sequence has no gap'
  )
})

t.test('a token outlives a restart, and Ctrl-C ends it cleanly', async t => {
  const folder = t.testdir()
  const before = await startStandalone(folder)
  const ann = await newPerson(before.url)
  const socket = await ann.connect()

  t.equal(await before.stop(), 0)

  t.equal((await socket.closed).code, 4001)
  t.equal((await socket.next('reconnect').catch(() => null))?.type, 'reconnect')
  const after = await startStandalone(folder)
  t.teardown(() => after.stop())
  const answer = await witnessedFetch(`${after.url}/api/v1/auth/profile/`, {
    headers: { authorization: `Bearer ${ann.http.access}` }
  })
  t.equal(answer.status, 200)
})

t.test('a second process on the same data is refused', async t => {
  const folder = t.testdir()
  const first = await startStandalone(folder)
  t.teardown(() => first.stop())

  const { code, output } = await refusedStandalone(folder, {})

  t.not(code, 0)
  t.match(output, /in use/)
})

t.test('a port that is taken is named, without a stack', async t => {
  const first = await startStandalone(join(t.testdir({ first: {}, second: {} }), 'first'))
  t.teardown(() => first.stop())

  const { code, output } = await refusedStandalone(join(t.testdirName, 'second'), { PORT: new URL(first.url).port })

  t.equal(code, 1)
  t.match(output, /^The port is taken .* PORT\.$/m)
  t.notMatch(output, /\bat /)
})

t.test('demo accounts are there in a new folder, and never in production', async t => {
  const demo = await startStandalone(t.testdir())
  t.ok(demo.output().includes(`${demo.url}/docs`))
  t.match(demo.output(), 'demo_ana, demo_ben, demo_chloe')
  for (const name of ['demo_ana', 'demo_ben', 'demo_chloe'])
    t.ok(await http(demo.url, witnessedFetch).login(name, 'rendezvous-demo'))
  await demo.stop()

  const production = await startStandalone(t.testdir({ production: {} }), {
    NODE_ENV: 'production',
    JWT_SECRET: 'x'.repeat(64)
  })
  t.teardown(() => production.stop())

  t.notMatch(production.output(), /demo_ana/)
  await t.rejects(http(production.url, witnessedFetch).login('demo_ana', 'rendezvous-demo'), {
    code: 'no_active_account'
  })
})

t.test('production without a secret refuses to start, names the variable and shows no value', async t => {
  for (const env of [{}, { JWT_SECRET: 'too-short-a-secret' }]) {
    const { code, output } = await refusedStandalone(t.testdir(), { NODE_ENV: 'production', ...env })

    t.not(code, 0)
    t.match(output, /JWT_SECRET/)
    t.notMatch(output, /too-short-a-secret/)
  }
})

/** Every message of a conversation, oldest first, page by page. */
async function everyMessage(client: ReturnType<typeof http>, id: number): Promise<{ content: string; seq: number }[]> {
  const pages: { content: string; seq: number }[][] = []
  let path: string | null = `/api/v1/conversations/${id}/messages/?page_size=200`
  while (path !== null) {
    const page: { next: string | null; results: { content: string; seq: number }[] } = await client.request('GET', path)
    pages.unshift(page.results)
    path = page.next === null ? null : page.next.replace(/^https?:\/\/[^/]+/, '')
  }
  return pages.flat()
}
