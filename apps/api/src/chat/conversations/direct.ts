import type { ConversationId, UserId } from '@rendezvous/contract'
import { LRUCache } from 'lru-cache'
import type { ChatAnnouncer } from '../announcer.ts'
import type { Change } from '../changes/port.ts'
import type { Conversations, Opened } from './port.ts'

/** Pairs of people whose conversation is cached. Its id never changes. */
const PAIRS = 100_000

/** Finds and opens the one direct conversation of two people, or of a person with themselves for notes. */
export function directConversations(
  conversations: Pick<Conversations, 'openDirect' | 'findDirect'>,
  announcer: Pick<ChatAnnouncer, 'announce'>,
  clock: () => number
) {
  const known = new LRUCache<string, ConversationId>({ max: PAIRS })

  return {
    /** Null when there is none. A cached id may be of a conversation that the caller has left: the write checks
     *  that. */
    async find(callerId: UserId, peerId: UserId): Promise<ConversationId | null> {
      const remembered = known.get(pair(callerId, peerId))
      if (remembered !== undefined) return remembered

      const found = await conversations.findDirect(callerId, peerId)
      if (found !== null) known.set(pair(callerId, peerId), found)
      return found
    },

    /** Opens the conversation, or brings the caller back into it, and announces the change to both people. Null when
     *  the peer is absent or across a block. */
    async open(callerId: UserId, peerId: UserId): Promise<ConversationId | null> {
      const opened = await openAndAnnounce(conversations, announcer, clock, callerId, peerId)
      if (opened === null) return null
      known.set(pair(callerId, peerId), opened.id)
      return opened.id
    }
  }
}

/** Opens the direct conversation of two people and announces the change. Null when the peer is absent or across a
 *  block. */
export async function openAndAnnounce(
  conversations: Pick<Conversations, 'openDirect'>,
  announcer: Pick<ChatAnnouncer, 'announce'>,
  clock: () => number,
  callerId: UserId,
  peerId: UserId
): Promise<Opened | null> {
  const opened = await conversations.openDirect(callerId, peerId)
  if (opened === null || opened.status === 'existing') return opened

  const at = new Date(clock())
  const memberIds = callerId === peerId ? [callerId] : [callerId, peerId]
  const { id, seq } = opened
  const base = { conversationId: id, seq, membersSeq: seq, memberIds }
  const change: Change =
    opened.status === 'created'
      ? {
          ...base,
          type: 'conversation_created',
          title: '',
          userIds: memberIds.toSorted(ascending),
          by: callerId,
          at
        }
      : { ...base, type: 'member_joined', userIds: [callerId], by: callerId, at }
  announcer.announce([change], [opened.outboxId])
  return opened
}

function ascending(a: UserId, b: UserId): number {
  return a - b
}

function pair(one: UserId, other: UserId): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`
}
