import type { ConversationId } from '@rendezvous/contract'
import type { Database } from '../database/port.ts'
import type { Conversation } from '../ports/conversations.ts'
import type { Sync, SyncState } from '../ports/sync.ts'
import type { PresenceAudience } from '../ports/visibility.ts'
import { readConversations } from './conversationview.ts'
import { readStretch } from './personal.ts'
import { readChanged } from './sync-conversations.ts'
import { readMissed } from './sync-missed.ts'
import { readRanges } from './sync-ranges.ts'

/** Sync from a database, in which a write may be committed `longestWriteMs` after its time; `audience` sees the presence of people. */
export function syncIn(database: Database, longestWriteMs: number, audience: PresenceAudience = 'contacts'): Sync {
  return {
    read: question =>
      database.snapshot(async (snapshot): Promise<SyncState> => {
        const { userId, since } = question
        const changed = since === undefined ? null : await readChanged(snapshot, { ...question, since, longestWriteMs })
        const own = question.own ? await readStretch(snapshot, userId, question.own.after, question.own.limit) : null
        const read = await readRanges(snapshot, question, audience)
        if (read.status === 'above') return { ...read, own }

        const ids = new Set([...(changed?.ids ?? []), ...read.ids])
        const found = await readConversations(snapshot, userId, [...ids], audience)
        const of = new Map(found.map(conversation => [conversation.id, conversation]))
        const viewOf = (id: ConversationId): Conversation | null => of.get(id) ?? null
        return { status: 'ok', own, changed: changed?.answer(viewOf) ?? null, ranges: read.answer(viewOf) }
      }),
    missed: questions => readMissed(database, questions, longestWriteMs)
  }
}
