import { randomUUID } from 'node:crypto'
import type { ConversationId, MessageId, UserId } from '@rendezvous/contract'
import t from 'tap'
import { conversationsIn } from '../../src/chat/conversations/adapter.ts'
import { messageChangesIn } from '../../src/chat/message-changes/adapter.ts'
import { messagesIn } from '../../src/chat/messages/adapter.ts'
import { searchIn } from '../../src/chat/search/adapter.ts'
import { searchService } from '../../src/chat/search/service.ts'
import { wordlessMessagesIn } from '../../src/chat/words/adapter.ts'
import type { WordlessMessages } from '../../src/chat/words/port.ts'
import { reindexer } from '../../src/chat/words/reindexer.ts'
import { wordsOf } from '../../src/chat/words/words.ts'
import type { Database } from '../../src/database/port.ts'
import { addPeople, onEveryEngine } from './engines.ts'

/** More than one run makes. */
const MANY = 2_300
const START = { conversationId: 0 as ConversationId, seq: 0 as never }

/** What a node of an earlier release calls to send and to edit. */
const OLD_SEND = {
  name: 'test_old_send',
  text: `SELECT id FROM message_append_counted(ARRAY[$1::bigint], ARRAY[$2::int], ARRAY[gen_random_uuid()], ARRAY[1::smallint], ARRAY[$3::text], ARRAY[NULL::jsonb])`
}
const OLD_EDIT = { name: 'test_old_edit', text: `SELECT status FROM message_edit($1, $2, $3, $4, '{}', 10)` }

await onEveryEngine(t, async (t, { database }) => {
  const [messages, changes, wordless] = [messagesIn(database), messageChangesIn(database), wordlessMessagesIn(database)]
  const search = searchService({ search: searchIn(database) })
  const [ann, bob] = (await addPeople(database, 2)) as [UserId, UserId]
  const id = (await conversationsIn(database).openDirect(ann, bob))?.id as ConversationId

  async function say(...contents: string[]): Promise<void> {
    const drafts = contents.map(content => ({
      conversationId: id,
      senderId: ann,
      clientId: randomUUID(),
      kind: 1,
      content
    }))
    await messages.append(drafts)
  }

  async function sayAsOldNode(content: string): Promise<MessageId> {
    const [row] = await database.query<{ id: MessageId }>(OLD_SEND, [id, ann, content])
    return row?.id as MessageId
  }

  async function find(text: string): Promise<string[]> {
    return (await search.messages(bob, { text, limit: 200 })).messages.map(({ content }) => content)
  }

  const left = async () => (await wordless.list(START, 10_000)).length

  await t.test('a message without words is found as before, and by its words once they are made', async t => {
    await sayAsOldNode('the papers are in docs/plan.html')
    t.same(await find('papers'), ['the papers are in docs/plan.html'])
    t.same(await find('plan'), [])

    await reindexer(wordless).run()
    t.same(await find('papers'), ['the papers are in docs/plan.html'])
    t.same(await find('plan'), ['the papers are in docs/plan.html'])
    t.equal(await left(), 0)
  })

  await t.test('an edit is found by its new words alone, whichever release made it', async t => {
    const messageId = await sayAsOldNode('first/one')
    await reindexer(wordless).run()
    t.same(await find('one'), ['first/one'])

    await changes.edit(
      { conversationId: id, actorId: ann, messageId },
      {
        content: 'second/two',
        words: wordsOf('second/two'),
        mentions: []
      }
    )
    t.same([await find('one'), await find('two')], [[], ['second/two']])

    await database.query(OLD_EDIT, [id, ann, messageId, 'third/three'])
    t.same([await find('two'), await find('three')], [[], []], 'PostgreSQL takes it for a path')
    await reindexer(wordless).run()
    t.same([await find('two'), await find('three')], [[], ['third/three']])
  })

  await t.test('a deleted message keeps no words', async t => {
    const messageId = await sayAsOldNode('nobody/knows')
    await reindexer(wordless).run()
    await changes.remove({ conversationId: id, actorId: ann, messageId }, 1)
    const kept = {
      name: 'test_words_kept',
      text: 'SELECT words::text FROM message WHERE conversation_id = $1 AND id = $2'
    }
    t.same(await database.query(kept, [id, messageId]), [{ words: null }])
  })

  await t.test('a crash loses no message: the next process goes on with those that are left', async t => {
    await say(...Array.from({ length: MANY }, (_, n) => `old/message number ${n}`))
    let batches = 0
    const crashing: WordlessMessages = {
      ...wordless,
      async store(batch) {
        batches += 1
        if (batches === 3) throw new Error('crashed')
        return wordless.store(batch)
      }
    }
    await t.rejects(reindexer(crashing).run(), { message: 'crashed' })
    const rest = await left()
    t.ok(rest > 0 && rest < MANY)

    const next = reindexer(wordless)
    await next.run()
    t.equal(await left(), Math.max(0, rest - 2_000))
    await next.run()
    t.equal(await left(), 0)
    t.equal((await find('message number 2299')).length, 1)
  })

  await t.test('a batch that cannot be stored does not hold up those behind it', async t => {
    await say(...Array.from({ length: 300 }, (_, n) => `behind ${n}`))
    let isFirst = true
    const failing: WordlessMessages = {
      ...wordless,
      async store(batch) {
        if (!isFirst) return wordless.store(batch)
        isFirst = false
        throw new Error('no')
      }
    }
    const worker = reindexer(failing)
    await t.rejects(worker.run(), { message: 'no' })
    await worker.run()
    t.equal(await left(), 200)
    await worker.run()
    t.equal(await left(), 0)
  })

  await t.test('two workers at once, with sends and edits between, leave every message with its own words', async t => {
    await say(...Array.from({ length: 1_000 }, (_, n) => `shared ${n}`))
    const messageId = await sayAsOldNode('before the edit')
    const edit = async () => void (await database.query(OLD_EDIT, [id, ann, messageId, 'after/edit']))
    await Promise.all([reindexer(wordless).run(), reindexer(wordless).run(), edit(), say('meanwhile/sent')])
    await reindexer(wordless).run()

    t.equal(await left(), 0)
    t.same(
      [await find('"before the edit"'), await find('edit'), await find('sent')],
      [[], ['after/edit'], ['meanwhile/sent']]
    )
    t.same(await mismatched(database), [])
  })
})

/** The messages whose words are not those of their content. */
async function mismatched(database: Database): Promise<string[]> {
  const all = {
    name: 'test_all_words',
    text: 'SELECT content, words::text FROM message WHERE kind = 1 AND deleted_at IS NULL'
  }
  const again = { name: 'test_as_words', text: 'SELECT ($1::text)::tsvector::text AS words' }
  const rows = await database.query<{ content: string; words: string }>(all)
  const wrong: string[] = []
  for (const { content, words } of rows.filter((_, index) => index % 10 === 0)) {
    const [expected] = await database.query<{ words: string }>(again, [wordsOf(content)])
    if (expected?.words !== words) wrong.push(content)
  }
  return wrong
}
