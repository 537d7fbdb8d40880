import { randomUUID } from 'node:crypto'
import { type ConversationId, type MessageId, rankFor, type Seq, type UserId } from '@rendezvous/contract'
import { conversationsIn } from '../../src/adapters/conversations.ts'
import { groupsIn } from '../../src/adapters/groups.ts'
import { messageChangesIn } from '../../src/adapters/message-changes.ts'
import { messagesIn } from '../../src/adapters/messages.ts'
import { receiptsIn } from '../../src/adapters/receipts.ts'
import { syncIn } from '../../src/adapters/sync.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import type { RangeState, Since, SyncState } from '../../src/ports/sync.ts'
import { addPeople, ageChanges } from './engines.ts'

/** An id that no conversation has. */
export const ABSENT = 42 as ConversationId
type Range = Extract<RangeState, { status: 'ok' }>

/** Some people, and what they do and sync with. */
export async function someone(open: OpenDatabase, count: number, longestWriteMs = 0) {
  const people = await addPeople(open.database, count)
  const [ann, bob, eve] = people as [UserId, UserId, UserId]
  return { people, ann, bob, eve, ...arrange(open, longestWriteMs) }
}

function arrange(open: OpenDatabase, longestWriteMs: number) {
  const { database } = open
  const sync = syncIn(database, longestWriteMs)
  const [groups, conversations, messages] = [groupsIn(database), conversationsIn(database), messagesIn(database)]
  const act = (conversationId: ConversationId, actorId: UserId) => ({ conversationId, actorId, rank: rankFor('pin') })

  return {
    ...{ groups, conversations, messages, act, changes: messageChangesIn(database), receipts: receiptsIn(database) },
    async group(ownerId: UserId, memberIds: readonly UserId[]): Promise<ConversationId> {
      const made = await groups.create({ ownerId, memberIds, title: '', history: 'joined' })
      if (made.status !== 'ok') throw new Error('no group')
      return made.id
    },
    async direct(a: UserId, b: UserId): Promise<ConversationId> {
      const opened = await conversations.openDirect(a, b)
      if (opened === null) throw new Error('no conversation')
      return opened.id
    },
    async say(conversationId: ConversationId, senderId: UserId, ...texts: string[]): Promise<MessageId[]> {
      const drafts = texts.map(content => ({ conversationId, senderId, clientId: randomUUID(), kind: 1, content }))
      const sent = await messages.append(drafts)
      return sent.map(each => {
        if (each.status !== 'created') throw new Error(each.status)
        return each.id
      })
    },
    /** One range of its own. */
    async range(userId: UserId, conversationId: ConversationId, after: number, limit = 500): Promise<RangeState> {
      const state = await sync.read({
        userId,
        since: undefined,
        ranges: [{ conversationId, after: after as Seq }],
        limit
      })
      const [range] = whole(state).ranges
      if (range === undefined) throw new Error('no range')
      return range
    },
    read: sync.read,
    missed: sync.missed,
    /** Makes everything that changed so far older: times are kept to the millisecond, and tests are faster. */
    age: (seconds = 1) => ageChanges(database, seconds),
    async changed(userId: UserId, since: Since | null, limit = 500) {
      const { changed } = whole(await sync.read({ userId, since, ranges: [], limit }))
      if (changed === null) throw new Error('nothing asked')
      const { more, next } = changed
      const { scan, ...ended } = next
      return { ...changed, next: more ? next : ended, ids: changed.entries.map(({ id }) => id) }
    }
  }
}

/** An answer that is one. */
export function whole(state: SyncState): Extract<SyncState, { status: 'ok' }> {
  if (state.status !== 'ok') throw new Error(state.status)
  return state
}

/** A range that is answered. */
export function ok(range: RangeState): Range {
  if (range.status !== 'ok') throw new Error(range.status)
  return range
}

/** The texts of a range. */
export const contents = (range: RangeState) => ok(range).messages.map(({ content }) => content)
