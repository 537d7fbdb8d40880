import type { ConversationId, MessageId, Seq, UserId } from '@rendezvous/contract'
import { announcer } from '../../src/announce/outbox/announcer.ts'
import { personalDeliveries } from '../../src/announce/personal/deliveries.ts'
import type { PersonalChange } from '../../src/announce/personal/port.ts'
import { chatAnnouncer } from '../../src/chat/announcer.ts'
import type { Change } from '../../src/chat/changes/port.ts'
import type { Advanced } from '../../src/chat/receipts/port.ts'
import { presenceAnnouncer } from '../../src/people/presence/announcer.ts'
import { introductions } from '../../src/people/presence/introductions.ts'
import { recordingBus } from '../recording.ts'

export const [ANN, BOB] = [1 as UserId, 2 as UserId]
export const AT = new Date('2026-01-31T10:20:30.123Z')
export const conversationId = 77 as ConversationId

/** The announcer and what wraps it, over a recording bus. The users in `online` are online. */
export function start(online: UserId[] = []) {
  const record = recordingBus()
  const forgotten: number[] = []
  const warnings: unknown[] = []
  const clock = () => AT.getTime()
  const generic = announcer({
    bus: record.bus,
    outbox: { done: async ids => void forgotten.push(...ids) },
    warn: (_, what) => warnings.push(what)
  })
  const introduce = introductions({
    presence: { online: async ids => ids.filter(id => online.includes(id)) },
    visibility: {
      among: async (ids, others) => ids.map(id => ({ exact: others.filter(each => each !== id), coarse: [] }))
    },
    clock
  })
  const service = {
    ...chatAnnouncer({ announcer: generic, introductions: introduce, clock }),
    ...presenceAnnouncer(generic, clock),
    settle: generic.settle,
    personal: (events: readonly PersonalChange[], outboxIds: readonly number[]) =>
      generic.announce(personalDeliveries(events), outboxIds, 'personal events')
  }
  return { ...record, ...service, forgotten, warnings }
}

/** A change that creates a message between Ann and Bob. */
export function message(seq: number, senderId: UserId = ANN, id = conversationId): Change {
  const receiverId = senderId === ANN ? BOB : ANN
  const placed = {
    conversationId: id,
    seq: seq as Seq,
    memberIds: [senderId, receiverId] as const,
    membersSeq: 1 as Seq
  }
  const common = { number: seq - 1, kind: 1, content: `text ${seq}`, createdAt: AT, status: 'sent' as const }
  const clientId = '4f9f1f0e-6d1c-4f4e-8f0e-0123456789ab'
  const stored = {
    ...common,
    id: (1_000 + seq) as MessageId,
    conversationId: id,
    seq: seq as Seq,
    senderId,
    receiverId,
    clientId,
    changedSeq: seq as Seq,
    editedAt: null,
    pinnedAt: null,
    replyTo: null,
    replyGone: false,
    mentions: [],
    reactions: [],
    system: null,
    isRead: false
  }
  return { ...placed, type: 'message_created', message: stored, rejoinedIds: [] }
}

/** Bob has read the messages of Ann up to `seq`. */
export function read(seq: number): Advanced {
  const move = {
    from: 0 as Seq,
    to: seq as Seq,
    messages: [{ id: (1_000 + seq) as MessageId, seq: seq as Seq, senderId: ANN }]
  }
  const own = { from: 0 as Seq, to: seq as Seq, last: null }
  return {
    conversationId,
    userId: BOB,
    peerId: ANN,
    delivered: move,
    read: move,
    own,
    told: true,
    membersSeq: 1 as Seq
  }
}
