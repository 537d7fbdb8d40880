import { randomUUID } from 'node:crypto'
import { type ConversationId, type MessageId, rankFor, type Seq, type UserId } from '@rendezvous/contract'
import { conversationsIn } from '../../src/chat/conversations/adapter.ts'
import { groupsIn } from '../../src/chat/groups/adapter.ts'
import type { GroupAction } from '../../src/chat/groups/port.ts'
import { messageChangesIn } from '../../src/chat/message-changes/adapter.ts'
import { messagesIn } from '../../src/chat/messages/adapter.ts'
import { receiptsIn } from '../../src/chat/receipts/adapter.ts'
import { syncIn } from '../../src/chat/sync/adapter.ts'
import type { RangeState, SyncCursor, SyncState } from '../../src/chat/sync/port.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import { addPeople, ageChanges } from './engines.ts'

/** The id of an absent conversation. */
export const ABSENT = 42 as ConversationId
type Range = Extract<RangeState, { status: 'ok' }>

/** `count` people, and functions with which they write and sync. */
export async function syncFixture(open: OpenDatabase, count: number, longestWriteMs = 0) {
  const people = await addPeople(open.database, count)
  const [ann, bob, eve] = people as [UserId, UserId, UserId]
  return { people, ann, bob, eve, ...arrange(open, longestWriteMs) }
}

function arrange(open: OpenDatabase, longestWriteMs: number) {
  const { database } = open
  const sync = syncIn(database, longestWriteMs)
  const [groups, conversations, messages] = [groupsIn(database), conversationsIn(database), messagesIn(database)]
  const act = (conversationId: ConversationId, actorId: UserId): GroupAction => ({
    conversationId,
    actorId,
    requiredRank: rankFor('pin')
  })

  return {
    ...{ groups, conversations, messages, act, changes: messageChangesIn(database), receipts: receiptsIn(database) },
    async group(ownerId: UserId, memberIds: readonly UserId[]): Promise<ConversationId> {
      const created = await groups.create({ ownerId, memberIds, title: '', history: 'joined' })
      if (created.status !== 'ok') throw new Error('the group was not created')
      return created.id
    },
    async direct(a: UserId, b: UserId): Promise<ConversationId> {
      const opened = await conversations.openDirect(a, b)
      if (opened === null) throw new Error('the conversation did not open')
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
    /** Syncs one range alone. */
    async range(userId: UserId, conversationId: ConversationId, after: number, limit = 500): Promise<RangeState> {
      const state = await sync.read({
        userId,
        since: undefined,
        ranges: [{ conversationId, after: after as Seq }],
        limit
      })
      const [range] = okState(state).ranges
      if (range === undefined) throw new Error('the answer has no range')
      return range
    },
    read: sync.read,
    missed: sync.missed,
    /** Makes all changes so far older: times have milliseconds, and two writes of a test may have the same one. */
    age: (seconds = 1) => ageChanges(database, seconds),
    async changed(userId: UserId, since: SyncCursor | null, limit = 500) {
      const { changed } = okState(await sync.read({ userId, since, ranges: [], limit }))
      if (changed === null) throw new Error('the answer has no conversations')
      const { more, next } = changed
      const { scan, ...ended } = next
      return { ...changed, next: more ? next : ended, ids: changed.entries.map(({ id }) => id) }
    }
  }
}

/** The answer, which must have the status `okRange`. */
export function okState(state: SyncState): Extract<SyncState, { status: 'ok' }> {
  if (state.status !== 'ok') throw new Error(state.status)
  return state
}

/** The range, which must have the status `okRange`. */
export function okRange(range: RangeState): Range {
  if (range.status !== 'ok') throw new Error(range.status)
  return range
}

/** The message texts of a range. */
export const contents = (range: RangeState) => okRange(range).messages.map(({ content }) => content)
