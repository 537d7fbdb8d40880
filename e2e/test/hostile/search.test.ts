import { limits } from '@rendezvous/contract'
import t from 'tap'
import { checkedFetch } from '../contract/checked.ts'
import { newPerson } from '../person.ts'
import { startStandalone } from '../standalone.ts'

const WORKERS = 10
const SEARCHES = 300

const server = await startStandalone(t.testdir(), { RATE_FACTOR: '0' })
t.teardown(() => server.stop())
const [ann, bob] = [await newPerson(server.url), await newPerson(server.url)]
const { id } = await ann.http.openConversation(bob.id)
for (let n = 0; n < 200; n += 1) await ann.http.send(id, `common word number ${n}, or not`)

async function search(text: string) {
  const headers = { authorization: `Bearer ${ann.http.access}` }
  const answer = await checkedFetch(`${server.url}/api/v1/search/messages/?q=${encodeURIComponent(text)}`, {
    headers
  })
  return { status: answer.status, body: await answer.json() }
}

/** `unit` repeated up to `characters`. */
const full = (unit: string, characters: number) => unit.repeat(Math.ceil(characters / unit.length)).slice(0, characters)
const units = [
  'a',
  '(',
  "'",
  '!',
  '*',
  '-',
  'or ',
  'a or ',
  '-a ',
  '"a ',
  'common or ',
  '-common ',
  ':*&|!()<->',
  '%',
  'ａ',
  '😀',
  '\u202e',
  '上海',
  '上a',
  'ក',
  '가나 ',
  '\ufdfa',
  '\u0301\u0323'
]

t.test('a search of 50 KB is refused by its field', async t => {
  const tooLong = [`Ensure this field has no more than ${limits.searchCharacters} characters.`]
  for (const unit of ['a', '(', '!', '*', '-', 'a.or.'])
    t.match(await search(full(unit, 50_000)), { status: 400, body: { q: tooLong } }, unit)
  t.match(await search(full('%', 50_000)), { status: 431 }, 'and an address of 150 KB is refused earlier')
})

t.test('the longest searches are answered, and do not delay another socket', async t => {
  const socket = await bob.connectV1()
  t.teardown(() => socket.close())
  let left = SEARCHES
  let answered = 0
  const searcher = async () => {
    while (left-- > 0) {
      const text = full(units[left % units.length] ?? '', limits.searchCharacters)
      const { status } = await search(text)
      if (status !== 200 && status !== 400) t.fail(`${text.slice(0, 20)} is answered with ${status}`)
      answered += 1
    }
  }
  const searchers = Promise.all(Array.from({ length: WORKERS }, searcher))
  let during = 0
  while (answered < SEARCHES) {
    await socket.command({ type: 'ping' })
    if (answered < SEARCHES) during += 1
  }
  await searchers

  t.ok(during >= SEARCHES / WORKERS, `a ping was answered for each round of searches at least, ${during} in all`)
})
