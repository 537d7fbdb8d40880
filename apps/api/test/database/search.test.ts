import { randomUUID } from 'node:crypto'
import type { ConversationId, MessageId, UserId } from '@rendezvous/contract'
import t from 'tap'
import { conversationsIn } from '../../src/chat/conversations/adapter.ts'
import { groupsIn } from '../../src/chat/groups/adapter.ts'
import { messagesIn } from '../../src/chat/messages/adapter.ts'
import { searchIn } from '../../src/chat/search/adapter.ts'
import type { Found, MessageSearch, Search } from '../../src/chat/search/port.ts'
import { queryOf } from '../../src/chat/words/query.ts'
import { wordsOf } from '../../src/chat/words/words.ts'
import type { Database } from '../../src/database/port.ts'
import { addBlock, addPeople, onEveryEngine } from './engines.ts'

/** Searches as the service does. */
async function find(search: MessageSearch, asked: Omit<Search, 'query'>): Promise<Found> {
  const query = queryOf(asked.text)
  return query === null ? { messages: [], next: null } : search.find({ ...asked, query })
}

await onEveryEngine(t, async (t, { database }) => {
  const messages = messagesIn(database)
  const search = searchIn(database)

  async function openDirect(): Promise<{ ann: UserId; bob: UserId; id: ConversationId }> {
    const [ann, bob] = (await addPeople(database, 2)) as [UserId, UserId]
    const opened = await conversationsIn(database).openDirect(ann, bob)
    return { ann, bob, id: opened?.id as ConversationId }
  }

  async function say(conversationId: ConversationId, senderId: UserId, ...contents: string[]): Promise<MessageId[]> {
    const drafts = contents.map(content => ({
      conversationId,
      senderId,
      clientId: randomUUID(),
      kind: 1,
      content,
      words: wordsOf(content)
    }))
    const stored = await messages.append(drafts)
    return stored.map(each => ('id' in each ? each.id : (0 as MessageId)))
  }

  /** The texts of all pages. */
  async function texts(
    readerId: UserId,
    text: string,
    more: { conversationId?: ConversationId; limit?: number } = {},
    by = search
  ) {
    const found: string[] = []
    let before: MessageId | undefined
    for (let page = 0; page < 1_000; page += 1) {
      const { messages: some, next } = await find(by, { readerId, text, limit: 50, before, ...more })
      found.push(...some.map(({ content }) => content))
      if (next === null) return found
      before = next
    }
    throw new Error('the search never ends')
  }

  await t.test('words, phrases and exclusions find messages in any language, the newest first', async t => {
    const { ann, bob, id } = await openDirect()
    await say(id, ann, 'Dinner at eight?', 'Чай или кофе', 'the station at nine')
    await say(id, bob, 'No DINNER for me', 'a dinner party at the station')
    t.same(await texts(ann, 'dinner'), ['a dinner party at the station', 'No DINNER for me', 'Dinner at eight?'])
    t.same(await texts(bob, 'dinner -party'), ['No DINNER for me', 'Dinner at eight?'])
    t.same(await texts(bob, '"the station"', { limit: 1 }), ['a dinner party at the station', 'the station at nine'])
    t.same(await texts(bob, 'кофе or eight'), ['Чай или кофе', 'Dinner at eight?'])
    t.same(await texts(bob, 'nothing'), [])
  })

  await t.test('the last word is a prefix, unless it is short or something follows it', async t => {
    const { ann, bob, id } = await openDirect()
    await say(id, ann, 'Hello there', 'no help', 'the shell', 'мороженое', 'hel')
    const all = ['hel', 'no help', 'Hello there']
    t.same(await texts(bob, 'hel'), all)
    t.same(await texts(bob, 'HEL', { limit: 1 }), all, 'page by page')
    t.same(await texts(bob, 'nothing or hel'), all)
    t.same(await texts(bob, 'no hel'), ['no help'])
    t.same(await texts(bob, 'моро'), ['мороженое'])
    t.same(await texts(bob, 'he'), [], 'too short')
    for (const text of ['hel ', '"hel"', '(hel)']) t.same(await texts(bob, text), ['hel'], text)
    t.same(await texts(bob, 'hel there'), [], 'only the last word is a prefix')
    t.same(await texts(bob, 'hello -the'), ['Hello there'], 'an excluded word is not a prefix')
    t.same(await texts(bob, 'hello -"the she'), ['Hello there'])
    t.same(await texts(bob, '"no hel'), ['no help'], 'a phrase without its closing quote')
  })

  await t.test('a search finds only messages that the reader may see', async t => {
    const { ann, bob, id } = await openDirect()
    const [eve] = (await addPeople(database, 1)) as [UserId]
    await say(id, ann, 'a secret')
    t.same(await texts(eve, 'secret'), [])
    const created = await groupsIn(database).create({ ownerId: ann, memberIds: [bob], title: '', history: 'joined' })
    const group = created.status === 'ok' ? created.id : id
    await say(group, ann, 'a secret of the group')
    await groupsIn(database).add({ conversationId: group, actorId: ann, requiredRank: 1 }, [eve])
    t.same(await texts(eve, 'secret'), [], 'nothing from before the reader joined')
    await say(group, bob, 'no secret for eve')
    t.same(await texts(eve, 'secret'), ['no secret for eve'])
    t.same(await texts(bob, 'secret', { conversationId: id }), ['a secret'])
    t.same(await texts(eve, 'secret', { conversationId: id }), [])
    await addBlock(database, ann, bob)
    t.same(await texts(bob, 'secret'), ['no secret for eve', 'a secret of the group'])
  })

  await t.test('the pages of a very common word have every match once', async t => {
    const { ann, bob, id } = await openDirect()
    const other = await conversationsIn(database).openDirect(ann, (await addPeople(database, 1))[0] as UserId)
    const sent: [MessageId, string][] = []
    for (let n = 0; n < 50; n += 1) {
      const contents = Array.from({ length: 45 }, (_, index) => `common ${n * 45 + index}`)
      const ids = await say(n % 7 === 0 ? (other?.id as ConversationId) : id, ann, ...contents)
      sent.push(...ids.map((each, index) => [each, contents[index] ?? ''] as [MessageId, string]))
      await say(id, bob, 'between')
    }
    const expected = sent.sort(([a], [b]) => b - a).map(([, content]) => content)
    t.same(await texts(ann, 'common', { limit: 200 }), expected)
  })

  await t.test('a page scans a bounded number of messages, however many conversations changed', async t => {
    const [ann, ...others] = (await addPeople(database, 61)) as [UserId, ...UserId[]]
    const ids: ConversationId[] = []
    for (const other of others) {
      const opened = await conversationsIn(database).openDirect(ann, other)
      if (opened !== null) ids.push(opened.id)
    }
    const expected: string[] = []
    for (let round = 0; round < 40; round += 1) {
      const drafts = ids.map((conversationId, index) => {
        const content = `crowd ${round} ${index}`
        expected.unshift(content)
        return { conversationId, senderId: ann, clientId: randomUUID(), kind: 1, content, words: wordsOf(content) }
      })
      await messages.append(drafts.slice(0, 30))
      await messages.append(drafts.slice(30))
    }
    const queries: { name: string; scanned: number }[] = []
    const watched: Database = {
      ...database,
      query(statement, parameters = []) {
        const [, , conversations, , each] = parameters
        const scanned = Array.isArray(conversations) ? conversations.length * Number(each) : 0
        queries.push({ name: statement.name, scanned })
        return database.query(statement, parameters)
      }
    }

    const found = await texts(ann, 'crowd', { limit: 200 }, searchIn(watched))

    t.same(found.toSorted(), expected.toSorted())
    const scans = queries.filter(({ name }) => name === 'search_walk_words')
    t.ok(scans.length > 1, 'the search has several pages')
    t.same(
      scans.filter(({ scanned }) => !(scanned <= 10_000)),
      []
    )
    t.equal(queries.filter(({ name }) => name === 'search_recent').length, scans.length)
  })

  await t.test('hostile texts find nothing and cause no error', async t => {
    const { ann } = await openDirect()
    const hostile = [
      "'",
      '"',
      '\\',
      '!!!',
      '&|!()<->:*',
      'or or or',
      '-',
      '" " "',
      '-'.repeat(200),
      '- '.repeat(100),
      '(-!'.repeat(66),
      '-"'.repeat(100),
      `${'-'.repeat(199)}a`,
      'a'.repeat(200),
      '(((((',
      '‮',
      '%',
      'ａ'.repeat(50)
    ]
    for (const text of hostile) t.same(await texts(ann, text), [], text)
  })
})
