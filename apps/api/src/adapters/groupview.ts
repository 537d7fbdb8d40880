import type { ConversationId, HistoryFor, MessageId, Role, Seq, SystemFacts, UserId } from '@rendezvous/contract'
import type { Message } from '../ports/messages.ts'

/** What system_message() answers, as JSON. */
export interface SaidRow {
  readonly seq: Seq
  readonly number: number
  readonly id: MessageId
  readonly client_id: string
  readonly content: string
  readonly metadata: { readonly system: SystemFacts }
  readonly created_at: string
}

const roles: Readonly<Record<number, Role>> = { 1: 'member', 2: 'admin', 3: 'owner' }

/** The role of a rank in the database. */
export function toRole(rank: number): Role {
  return roles[rank] ?? 'member'
}

/** The setting of a number in the database. */
export function toHistory(number: number): HistoryFor {
  return number === 2 ? 'all' : 'joined'
}

/** The number of a setting in the database. */
export function fromHistory(history: HistoryFor): number {
  return history === 'all' ? 2 : 1
}

/** The message that the server said in a group about what `actorId` did. */
export function toSaid(conversationId: ConversationId, actorId: UserId, row: SaidRow): Message {
  return {
    id: row.id,
    conversationId,
    seq: row.seq,
    changedSeq: row.seq,
    number: row.number,
    senderId: actorId,
    receiverId: null,
    clientId: row.client_id,
    kind: 2,
    content: row.content,
    createdAt: new Date(row.created_at),
    editedAt: null,
    pinnedAt: null,
    replyTo: null,
    mentions: [],
    system: row.metadata.system,
    reactions: [],
    status: 'sent'
  }
}
