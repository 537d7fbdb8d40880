import type { ConversationId, MessageId, MessageStatus, Seq, SystemFacts, UserId } from '@rendezvous/contract'
import type { Message } from '../ports/messages.ts'
import { telling } from './personview.ts'

/** A row that holds a message beside other columns; all null when there is none. */
export interface MessageRow {
  readonly m_id: MessageId | null
  readonly m_conversation_id: ConversationId
  readonly m_seq: Seq
  readonly m_changed_seq: Seq
  readonly m_number: number
  readonly m_sender_id: UserId
  readonly m_receiver_id: UserId | null
  readonly m_client_id: string
  readonly m_kind: number
  readonly m_content: string | null
  readonly m_metadata: MessageMetadata | null
  readonly m_created_at: Date
  readonly m_edited_at: Date | null
  readonly m_pinned_at: Date | null
  readonly m_reply_to: MessageId | null
  readonly m_reactions: Readonly<Record<string, number>> | null
  readonly m_mine: readonly string[] | null
  readonly m_status: MessageStatus
  readonly m_is_read: boolean
}

/** What stands in `message.metadata`. */
export interface MessageMetadata {
  readonly mentions?: readonly UserId[]
  readonly system?: SystemFacts
}

/** The columns of `MessageRow`, from a message `m`, its conversation `c`, and the watermarks `w` of who got it. `reader`
 *  is an expression for who reads, or NULL. */
export function messageColumns(reader: string): string {
  return `m.id AS m_id, m.conversation_id AS m_conversation_id, m.seq AS m_seq, m.changed_seq AS m_changed_seq, m.number AS m_number,
  m.sender_id AS m_sender_id, CASE m.sender_id WHEN c.user_low THEN c.user_high ELSE c.user_low END AS m_receiver_id,
  m.client_id AS m_client_id, m.kind AS m_kind, m.content AS m_content, m.metadata AS m_metadata, m.created_at AS m_created_at,
  m.edited_at AS m_edited_at, m.pinned_at AS m_pinned_at, m.reactions AS m_reactions,
  CASE WHEN m.reply_to_seq IS NOT NULL THEN (SELECT y.id FROM message y WHERE y.conversation_id = m.conversation_id AND y.seq = m.reply_to_seq) END AS m_reply_to,
  CASE WHEN m.reactions IS NOT NULL THEN (SELECT array_agg(y.emoji::text) FROM reaction y
    WHERE y.conversation_id = m.conversation_id AND y.message_seq = m.seq AND y.user_id = ${reader}) END AS m_mine,
  CASE WHEN c.kind <> 1 THEN 'sent' WHEN w.read_seq >= m.seq THEN 'read' WHEN w.delivered_seq >= m.seq THEN 'delivered' ELSE 'sent' END AS m_status,
  coalesce(w.read_seq >= m.seq, false) AS m_is_read`
}

/** Joins to a membership `s` of a conversation `c` how far the others got, as `o`: the furthest of those who tell him, of a group those who
 *  are in it; nulls when nobody does. */
export const OTHERS = `LEFT JOIN LATERAL (SELECT max(x.delivered_seq) AS delivered_seq, max(x.read_seq) AS read_seq
    FROM ${telling('s.user_id', 's.conversation_id')} AND (c.kind = 1 OR x.left_seq IS NULL)) o ON true`
/** The watermarks of who got `m`, as `w`: of the others `o` for what the member `s` sent, his own for the rest, reading in private included. */
export const WATERMARKS = `CROSS JOIN LATERAL (SELECT CASE m.sender_id WHEN s.user_id THEN o.delivered_seq ELSE s.delivered_seq END AS delivered_seq,
    CASE m.sender_id WHEN s.user_id THEN o.read_seq ELSE greatest(s.read_seq, s.private_read_seq) END AS read_seq) w`

/** True of the messages `x` that the member `s` may see. */
export const VISIBLE = `x.seq >= s.visible_from_seq AND x.seq > s.cleared_seq AND x.deleted_at IS NULL
    AND (x.expires_at IS NULL OR x.expires_at > now())`

/** The message of a row, or null when it holds none. */
export function toMessage(row: MessageRow): Message | null {
  if (row.m_id === null) return null
  return {
    id: row.m_id,
    conversationId: row.m_conversation_id,
    seq: row.m_seq,
    changedSeq: row.m_changed_seq,
    number: row.m_number,
    senderId: row.m_sender_id,
    receiverId: row.m_receiver_id,
    clientId: row.m_client_id,
    kind: row.m_kind,
    content: row.m_content ?? '',
    createdAt: row.m_created_at,
    editedAt: row.m_edited_at,
    pinnedAt: row.m_pinned_at,
    replyTo: row.m_reply_to,
    mentions: row.m_metadata?.mentions ?? [],
    system: row.m_metadata?.system ?? null,
    reactions: reactionsOf(row),
    status: row.m_status,
    isRead: row.m_is_read
  }
}

/** Most frequent first. */
function reactionsOf({ m_reactions: counts, m_mine: mine }: MessageRow): Message['reactions'] {
  if (counts === null) return []
  const reactions = Object.entries(counts).map(([emoji, count]) => ({
    emoji,
    count,
    mine: mine?.includes(emoji) ?? false
  }))
  return reactions.sort((a, b) => b.count - a.count || (a.emoji < b.emoji ? -1 : 1))
}

/** The two people of a direct conversation, `first` before the other; null for a group. */
export function pair(
  first: UserId | undefined,
  low: UserId | null,
  high: UserId | null
): readonly [UserId, UserId] | null {
  if (low === null || high === null) return null
  return first === high ? [high, low] : [low, high]
}

/** Leaves out the rows that hold no message. */
export function isMessage(message: Message | null): message is Message {
  return message !== null
}
