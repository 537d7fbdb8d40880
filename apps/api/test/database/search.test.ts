import { randomUUID } from 'node:crypto'
import type { ConversationId, MessageId, UserId } from '@rendezvous/contract'
import t from 'tap'
import { conversationsIn } from '../../src/adapters/conversations.ts'
import { groupsIn } from '../../src/adapters/groups.ts'
import { messagesIn } from '../../src/adapters/messages.ts'
import { searchIn } from '../../src/adapters/search.ts'
import type { Database } from '../../src/database/port.ts'
import { addBlock, addPeople, onEveryEngine } from './engines.ts'

await onEveryEngine(t, async (t, { database }) => {
  const messages = messagesIn(database)
  const search = searchIn(database)

  async function meet(): Promise<{ ann: UserId; bob: UserId; id: ConversationId }> {
    const [ann, bob] = (await addPeople(database, 2)) as [UserId, UserId]
    const opened = await conversationsIn(database).openDirect(ann, bob)
    return { ann, bob, id: opened?.id as ConversationId }
  }

  async function say(conversationId: ConversationId, senderId: UserId, ...contents: string[]): Promise<MessageId[]> {
    const drafts = contents.map(content => ({ conversationId, senderId, clientId: randomUUID(), kind: 1, content }))
    const stored = await messages.append(drafts)
    return stored.map(each => ('id' in each ? each.id : (0 as MessageId)))
  }

  /** The texts that are found, page after page. */
  async function texts(
    readerId: UserId,
    text: string,
    more: { conversationId?: ConversationId; limit?: number } = {},
    by = search
  ) {
    const found: string[] = []
    let before: MessageId | undefined
    for (let page = 0; page < 1_000; page += 1) {
      const { messages: some, next } = await by.find({ readerId, text, limit: 50, before, ...more })
      found.push(...some.map(({ content }) => content))
      if (next === null) return found
      before = next
    }
    throw new Error('the search never ends')
  }

  await t.test('words, phrases and exclusions, in whatever language, the newest first', async t => {
    const { ann, bob, id } = await meet()
    await say(id, ann, 'Dinner at eight?', 'Чай или кофе', 'the station at nine')
    await say(id, bob, 'No DINNER for me', 'a dinner party at the station')
    t.same(await texts(ann, 'dinner'), ['a dinner party at the station', 'No DINNER for me', 'Dinner at eight?'])
    t.same(await texts(bob, 'dinner -party'), ['No DINNER for me', 'Dinner at eight?'])
    t.same(await texts(bob, '"the station"', { limit: 1 }), ['a dinner party at the station', 'the station at nine'])
    t.same(await texts(bob, 'кофе or eight'), ['Чай или кофе', 'Dinner at eight?'])
    t.same(await texts(bob, 'nothing'), [])
  })

  await t.test('the last word finds what begins with it, unless it is short, or something follows it', async t => {
    const { ann, bob, id } = await meet()
    await say(id, ann, 'Hello there', 'no help', 'the shell', 'мороженое', 'hel')
    const all = ['hel', 'no help', 'Hello there']
    t.same(await texts(bob, 'hel'), all)
    t.same(await texts(bob, 'HEL', { limit: 1 }), all, 'page by page')
    t.same(await texts(bob, 'nothing or hel'), all)
    t.same(await texts(bob, 'no hel'), ['no help'])
    t.same(await texts(bob, 'моро'), ['мороженое'])
    t.same(await texts(bob, 'he'), [], 'too short')
    for (const text of ['hel ', '"hel"', '(hel)']) t.same(await texts(bob, text), ['hel'], text)
    t.same(await texts(bob, 'hel there'), [], 'only the last one')
    t.same(await texts(bob, 'hello -the'), ['Hello there'], 'what is excluded is so as it stands')
    t.same(await texts(bob, 'hello -"the she'), ['Hello there'])
    t.same(await texts(bob, '"no hel'), ['no help'], 'a phrase that is still being typed')
  })

  await t.test('only what the reader may see', async t => {
    const { ann, bob, id } = await meet()
    const [eve] = (await addPeople(database, 1)) as [UserId]
    await say(id, ann, 'a secret')
    t.same(await texts(eve, 'secret'), [])
    const made = await groupsIn(database).create({ ownerId: ann, memberIds: [bob], title: '', history: 'joined' })
    const group = made.status === 'ok' ? made.id : id
    await say(group, ann, 'a secret of the group')
    await groupsIn(database).add({ conversationId: group, actorId: ann, rank: 1 }, [eve])
    t.same(await texts(eve, 'secret'), [], 'nothing from before he came')
    await say(group, bob, 'no secret for eve')
    t.same(await texts(eve, 'secret'), ['no secret for eve'])
    t.same(await texts(bob, 'secret', { conversationId: id }), ['a secret'])
    t.same(await texts(eve, 'secret', { conversationId: id }), [])
    await addBlock(database, ann, bob)
    t.same(await texts(bob, 'secret'), ['no secret for eve', 'a secret of the group'])
  })

  await t.test('a word that everybody says is found page by page, nothing twice and nothing left out', async t => {
    const { ann, bob, id } = await meet()
    const other = await conversationsIn(database).openDirect(ann, (await addPeople(database, 1))[0] as UserId)
    const said: [MessageId, string][] = []
    for (let n = 0; n < 50; n += 1) {
      const contents = Array.from({ length: 45 }, (_, index) => `common ${n * 45 + index}`)
      const ids = await say(n % 7 === 0 ? (other?.id as ConversationId) : id, ann, ...contents)
      said.push(...ids.map((each, index) => [each, contents[index] ?? ''] as [MessageId, string]))
      await say(id, bob, 'between')
    }
    const expected = said.sort(([a], [b]) => b - a).map(([, content]) => content)
    t.same(await texts(ann, 'common', { limit: 200 }), expected)
  })

  await t.test('what a page looks at is bounded, however many conversations were active since', async t => {
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
        return { conversationId, senderId: ann, clientId: randomUUID(), kind: 1, content }
      })
      await messages.append(drafts.slice(0, 30))
      await messages.append(drafts.slice(30))
    }
    const asked: { name: string; looked: number }[] = []
    const watched: Database = {
      ...database,
      query(statement, parameters = []) {
        const [, , conversations, , each] = parameters
        const looked = Array.isArray(conversations) ? conversations.length * Number(each) : 0
        asked.push({ name: statement.name, looked })
        return database.query(statement, parameters)
      }
    }

    const found = await texts(ann, 'crowd', { limit: 200 }, searchIn(watched))

    t.same(found.toSorted(), expected.toSorted())
    const walks = asked.filter(({ name }) => name === 'search_walk')
    t.ok(walks.length > 1, 'there were pages to go through')
    t.same(
      walks.filter(({ looked }) => !(looked <= 10_000)),
      []
    )
    t.equal(asked.filter(({ name }) => name === 'search_recent').length, walks.length)
  })

  await t.test('hostile texts find nothing, and break nothing', async t => {
    const { ann } = await meet()
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
