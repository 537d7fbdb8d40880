import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ConversationId, Seq } from '@rendezvous/contract'
import type { Worded, Wordless, WordlessMessages, WordlessPlace } from './port.ts'
import { wordsOf } from './words.ts'

/** Messages of one statement, and of one run. */
const BATCH = 200
const RUN = 2_000
/** Characters whose words are made before the event loop goes on with other work: some 5 ms of a slow script. */
const TURN_CHARACTERS = 4_000

const START: WordlessPlace = { conversationId: 0 as ConversationId, seq: 0 as Seq }

/** Makes the words of messages that were stored without them. */
export interface Reindexer {
  /** Makes the words of up to 2,000 messages. The next run goes on behind them; after the last one it starts again. */
  run(): Promise<void>
}

/**
 * The reindexer over the port `messages`. What is left to do stands in the database, so a new process continues where
 * another one stopped. Two at once make some words twice. A batch that cannot be stored is left to a later pass.
 */
export function reindexer(messages: WordlessMessages): Reindexer {
  let after = START

  /** Answers whether there may be more. */
  async function runBatch(): Promise<boolean> {
    const batch = await messages.list(after, BATCH)
    const last = batch.at(-1)
    after = last !== undefined && batch.length === BATCH ? last : START
    if (last !== undefined) await messages.store(await wordsOfAll(batch))
    return after !== START
  }

  return {
    async run() {
      for (let done = 0; done < RUN; done += BATCH) if (!(await runBatch())) return
    }
  }
}

async function wordsOfAll(batch: readonly Wordless[]): Promise<Worded[]> {
  const all: Worded[] = []
  let characters = 0
  for (const message of batch) {
    all.push({ ...message, words: wordsOf(message.content) })
    characters += message.content.length
    if (characters < TURN_CHARACTERS) continue
    characters = 0
    await nextTurn()
  }
  return all
}
