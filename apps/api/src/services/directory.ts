import type { ConversationId, UserId } from '@rendezvous/contract'
import { LRUCache } from 'lru-cache'
import type { Change } from '../ports/changes.ts'
import type { Conversations, Opened } from '../ports/conversations.ts'
import type { Announcer } from './announcer.ts'

/** Pairs whose conversation is remembered: two people have the same one for ever. */
const PAIRS = 100_000

/** Finds and opens the one conversation of two people. */
export function directory(
  conversations: Pick<Conversations, 'openDirect' | 'findDirect'>,
  announcer: Pick<Announcer, 'announce'>,
  clock: () => number
) {
  const known = new LRUCache<string, ConversationId>({ max: PAIRS })

  return {
    /** Null when there is none yet. Whether the caller is still in it is for the write to say. */
    async find(callerId: UserId, peerId: UserId): Promise<ConversationId | null> {
      const remembered = known.get(pair(callerId, peerId))
      if (remembered !== undefined) return remembered

      const found = await conversations.findDirect(callerId, peerId)
      if (found !== null) known.set(pair(callerId, peerId), found)
      return found
    },

    /** Opens it, or brings the caller back, and tells both people. Null when the peer is absent or across a block. */
    async open(callerId: UserId, peerId: UserId): Promise<ConversationId | null> {
      const opened = await openAndTell(conversations, announcer, clock, callerId, peerId)
      if (opened === null) return null
      known.set(pair(callerId, peerId), opened.id)
      return opened.id
    }
  }
}

/** Opens the conversation and announces what that changed. Null as above. */
export async function openAndTell(
  conversations: Pick<Conversations, 'openDirect'>,
  announcer: Pick<Announcer, 'announce'>,
  clock: () => number,
  callerId: UserId,
  peerId: UserId
): Promise<Opened | null> {
  const opened = await conversations.openDirect(callerId, peerId)
  if (opened === null || opened.status === 'existing') return opened

  const at = new Date(clock())
  const { id, seq } = opened
  const placed = { conversationId: id, seq, membersSeq: seq, memberIds: [callerId, peerId] as const }
  const change: Change =
    opened.status === 'created'
      ? {
          ...placed,
          type: 'conversation_created',
          title: '',
          userIds: [callerId, peerId].sort(ascending),
          by: callerId,
          at
        }
      : { ...placed, type: 'member_joined', userIds: [callerId], by: callerId, at }
  announcer.announce([change], [opened.outboxId])
  return opened
}

function ascending(a: UserId, b: UserId): number {
  return a - b
}

function pair(one: UserId, other: UserId): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`
}
