import { join } from 'node:path'
import { http } from '@rendezvous/client'
import t from 'tap'
import { checkedFetch } from './contract/checked.ts'
import { newPerson, PASSWORD } from './person.ts'
import { refusedStandalone, startStandalone } from './standalone.ts'

t.test('kill -9 during sends loses no acknowledged message', async t => {
  const folder = t.testdir()
  const before = await startStandalone(folder)
  const [ann, bob] = [await newPerson(before.url), await newPerson(before.url)]
  const { id } = await ann.http.openConversation(bob.id)
  const acknowledged: string[] = []
  let resolveEnough = () => {}
  const enough = new Promise<void>(resolve => {
    resolveEnough = resolve
  })
  const sender = async (name: number) => {
    for (let n = 0; ; n++) {
      const sent = await ann.http.send(id, `${name}:${n}`)
      acknowledged.push(sent.content)
      if (acknowledged.length === 100) resolveEnough()
    }
  }
  const senders = Promise.allSettled(Array.from({ length: 8 }, (_, name) => sender(name)))

  await enough
  await before.kill()
  await senders
  const after = await startStandalone(folder)
  t.teardown(() => after.stop())

  const again = http(after.url, checkedFetch)
  await again.login(bob.name, PASSWORD)
  const stored = await everyMessage(again, id)
  const missing = acknowledged.filter(content => !stored.some(message => message.content === content))
  t.same(missing, [])
  t.same(
    stored.map(message => message.seq),
    stored.map((_, index) => index + 2),
    'the sequence has no gap'
  )
})

t.test('Ctrl-C shuts the server down cleanly, and a token is still valid after the restart', async t => {
  const folder = t.testdir()
  const before = await startStandalone(folder)
  const ann = await newPerson(before.url)
  const socket = await ann.connect()

  t.equal(await before.stop(), 0)

  t.equal((await socket.closed).code, 4001)
  t.equal((await socket.next('reconnect').catch(() => null))?.type, 'reconnect')
  const after = await startStandalone(folder)
  t.teardown(() => after.stop())
  const answer = await checkedFetch(`${after.url}/api/v1/auth/profile/`, {
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

t.test('a port in use is reported with its variable, without a stack', async t => {
  const first = await startStandalone(join(t.testdir({ first: {}, second: {} }), 'first'))
  t.teardown(() => first.stop())

  const { code, output } = await refusedStandalone(join(t.testdirName, 'second'), { PORT: new URL(first.url).port })

  t.equal(code, 1)
  t.match(output, /^The port is taken .* PORT\.$/m)
  t.match(output, new URL(first.url).host, 'it is named')
  t.notMatch(output, /Creating/, 'no database was made before that')
  t.notMatch(output, /\bat /)
})

t.test('production without a proper secret refuses to start, names the variable and shows no value', async t => {
  for (const env of [{}, { JWT_SECRET: 'too-short-a-secret' }, { JWT_SECRET: 's'.repeat(64) }]) {
    const { code, output } = await refusedStandalone(t.testdir(), { NODE_ENV: 'production', ...env })

    t.not(code, 0)
    t.match(output, /JWT_SECRET/)
    t.notMatch(output, /too-short-a-secret|ssssss/)
  }
})

t.test('a bad list of trusted proxies is reported with its variable, without a stack', async t => {
  for (const TRUST_PROXY of ['true', '1,nginx', '10.0.0.0/99']) {
    const { code, output } = await refusedStandalone(t.testdir(), { TRUST_PROXY })
    t.equal(code, 1)
    t.match(output, /TRUST_PROXY must be addresses or networks/)
    t.notMatch(output, /\bat /)
  }
})

/** Every message of a conversation, oldest first, read page by page. */
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
