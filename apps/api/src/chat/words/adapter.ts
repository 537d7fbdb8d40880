import type { Database, Statement } from '../../database/port.ts'
import { retrying } from '../../database/retry.ts'
import type { Wordless, WordlessMessages } from './port.ts'

const LIST: Statement = {
  name: 'words_wordless',
  text: `SELECT x.conversation_id AS "conversationId", x.seq, x.content FROM message x
    WHERE x.kind = 1 AND x.deleted_at IS NULL AND x.words IS NULL AND (x.conversation_id, x.seq) > ($1, $2)
    ORDER BY x.conversation_id, x.seq LIMIT $3`
}
const STORE: Statement = {
  name: 'words_store',
  text: 'SELECT message_words_store($1, $2, $3, $4) AS stored'
}

/** Messages without words in `database`. */
export function wordlessMessagesIn(database: Database): WordlessMessages {
  return {
    list: ({ conversationId, seq }, limit) => database.query<Wordless>(LIST, [conversationId, seq, limit]),

    async store(messages) {
      const columns = [
        messages.map(({ conversationId }) => conversationId),
        messages.map(({ seq }) => seq),
        messages.map(({ content }) => content),
        messages.map(({ words }) => words)
      ]
      const [row] = await retrying(() => database.query<{ stored: number }>(STORE, columns))
      return row?.stored ?? 0
    }
  }
}
