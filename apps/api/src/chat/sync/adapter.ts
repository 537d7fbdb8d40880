import type { ConversationId } from '@rendezvous/contract'
import { readStretch } from '../../announce/personal/adapter.ts'
import type { Database } from '../../database/port.ts'
import type { PresenceAudience } from '../../people/visibility/port.ts'
import type { Conversation } from '../conversations/port.ts'
import { readConversations } from '../conversations/rows.ts'
import { readChanged } from './adapter-conversations.ts'
import { readMissed } from './adapter-missed.ts'
import { readRanges } from './adapter-ranges.ts'
import type { Sync, SyncState } from './port.ts'

/** Reads sync from `database`. A write may be committed up to `longestWriteMs` after its time. `audience` says who may
 *  see the presence of people. */
export function syncIn(database: Database, longestWriteMs: number, audience: PresenceAudience = 'contacts'): Sync {
  return {
    read: question =>
      database.snapshot(async (snapshot): Promise<SyncState> => {
        const { userId, since } = question
        const changed = since === undefined ? null : await readChanged(snapshot, { ...question, since, longestWriteMs })
        const personal = question.personal
          ? await readStretch(snapshot, userId, question.personal.after, question.personal.limit)
          : null
        const read = await readRanges(snapshot, question, audience)
        if (read.status === 'above') return { ...read, personal }

        const ids = new Set([...(changed?.ids ?? []), ...read.ids])
        const found = await readConversations(snapshot, userId, [...ids], audience)
        const of = new Map(found.map(conversation => [conversation.id, conversation]))
        const viewOf = (id: ConversationId): Conversation | null => of.get(id) ?? null
        return { status: 'ok', personal, changed: changed?.answer(viewOf) ?? null, ranges: read.answer(viewOf) }
      }),
    missed: questions => readMissed(database, questions, longestWriteMs)
  }
}
