import { randomUUID } from 'node:crypto'
import type { ConversationId, UserId } from '@rendezvous/contract'
import t from 'tap'
import { conversationsIn } from '../../src/chat/conversations/adapter.ts'
import { messagesIn } from '../../src/chat/messages/adapter.ts'
import { searchIn } from '../../src/chat/search/adapter.ts'
import { searchService } from '../../src/chat/search/service.ts'
import { wordsOf } from '../../src/chat/words/words.ts'
import { migrate } from '../../src/database/migrate.ts'
import { type OpenDatabase, openDatabase } from '../../src/database/open.ts'
import { samples, strangers } from '../chat/recall-fixture.ts'
import { addPeople, createDatabase, needsServer } from './engines.ts'

const LOCALE_C = "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
const searches = samples.flatMap(({ script, text, queries }) => queries.map(query => ({ script, text, query })))

/** Stores the samples, and answers a search of the texts of one of their readers. */
async function tellSamples({ database }: OpenDatabase): Promise<(query: string) => Promise<string[]>> {
  await migrate(database)
  const [ann, bob] = (await addPeople(database, 2)) as [UserId, UserId]
  const conversationId = (await conversationsIn(database).openDirect(ann, bob))?.id as ConversationId
  const drafts = samples.map(({ text: content }) => {
    return { conversationId, senderId: ann, clientId: randomUUID(), kind: 1, content, words: wordsOf(content) }
  })
  await messagesIn(database).append(drafts)
  const search = searchService({ search: searchIn(database) })
  return async query => {
    const { messages } = await search.messages(bob, { text: query, limit: 100 })
    return messages.map(({ content }) => content)
  }
}

t.test('the fixture has 200 searches in more than 12 scripts', async t => {
  t.ok(searches.length >= 200, `${searches.length} searches`)
  t.ok(new Set(searches.map(({ script }) => script)).size > 12)
})

for (const [name, skip] of [
  ['PGlite', false],
  ['PostgreSQL with locale C', needsServer().skip]
] as const) {
  t.test(`every search of the fixture finds its text, on ${name}`, { skip }, async t => {
    const server = name === 'PGlite' ? null : await createDatabase(LOCALE_C)
    const open = await openDatabase(server === null ? { engine: 'pglite' } : { engine: 'postgresql', url: server.url })
    t.teardown(async () => {
      await open.close()
      await server?.drop()
    })
    const find = await tellSamples(open)

    const missed: string[] = []
    for (const { script, text, query } of searches) {
      if (!(await find(query)).includes(text)) missed.push(`${script}: ${query} in ${text}`)
    }
    t.same(missed, [])

    const wrong: Record<string, string[]> = {}
    for (const query of strangers) {
      const found = await find(query)
      if (found.length > 0) wrong[query] = found
    }
    t.same(wrong, {})
  })
}
