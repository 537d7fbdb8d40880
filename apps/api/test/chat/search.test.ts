import t from 'tap'
import { startApi } from '../app.ts'

const PATH = '/api/v1/conversations/'
const api = await startApi(t)
const [ann, bob] = [await api.join(), await api.join()]
const { body: conversation } = await ann.ask('POST', PATH, { participants: [bob.id] })
const messages = `${PATH}${conversation.id}/messages/`

/** The contents that a search of Bob's finds. */
async function find(text: string): Promise<string[]> {
  const { body } = await bob.ask('GET', `/api/v1/search/messages/?q=${encodeURIComponent(text)}`)
  return body.results.map(({ content }) => content)
}

/** How many messages the worker would have to make words for. */
async function wordless(): Promise<number> {
  const text = 'SELECT count(*)::int AS n FROM message WHERE kind = 1 AND deleted_at IS NULL AND words IS NULL'
  const [row] = await api.open.database.query<{ n: number }>({ name: 'test_wordless', text })
  return row?.n ?? -1
}

t.test('a sent and an edited message are found by their parts at once, without the worker', async t => {
  const content = 'see https://docs.example.com/guide/v2.14.3/ or ask in 上海东边'
  const sent = await ann.ask('POST', messages, { content })
  t.equal(sent.status, 201)
  for (const text of ['guide', '2.14', 'https://docs.example.com/guide/v2.14.3/', '上海']) {
    t.same(await find(text), [content], text)
  }

  await ann.ask('PATCH', `${messages}${sent.body.id}/`, { content: 'moved/elsewhere' })
  t.same([await find('guide'), await find('elsewhere')], [[], ['moved/elsewhere']])
  t.equal(await wordless(), 0)
})

t.test('a search without words is answered and finds nothing', async t => {
  for (const text of ['-', '!!', '" "']) t.same(await find(text), [], text)
})
