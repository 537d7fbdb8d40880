import type { ConversationId, MessageId, MessageStatus, Reaction, Seq, SystemFacts, UserId } from '@rendezvous/contract'
import { telling } from '../../people/users/rows.ts'
import type { Message } from './port.ts'

/** The columns of a message in a row. `m_id` is null when the row has no message. */
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
  readonly m_reply_gone: boolean
  readonly m_reactions: Readonly<Record<string, number>> | null
  readonly m_mine: readonly string[] | null
  readonly m_status: MessageStatus
  readonly m_is_read: boolean
}

/** The content of `message.metadata`. */
export interface MessageMetadata {
  readonly mentions?: readonly UserId[]
  readonly system?: SystemFacts
  /** The `client_id` as it was sent, when that is another spelling of the column. */
  readonly client_id?: string
}

/** The columns of `MessageRow`, from a message `m`, its conversation `c`, and the watermarks `w` of its receiver.
 *  `reader` is an SQL expression for the reader's user id, or NULL. A note to oneself is read from the start. */
export function messageColumns(reader: string): string {
  return `m.id AS m_id, m.conversation_id AS m_conversation_id, m.seq AS m_seq, m.changed_seq AS m_changed_seq, m.number AS m_number,
  m.sender_id AS m_sender_id, CASE m.sender_id WHEN c.user_low THEN c.user_high ELSE c.user_low END AS m_receiver_id,
  m.client_id AS m_client_id, m.kind AS m_kind, m.content AS m_content, m.metadata AS m_metadata, m.created_at AS m_created_at,
  m.edited_at AS m_edited_at, m.pinned_at AS m_pinned_at, m.reactions AS m_reactions,
  CASE WHEN m.reply_to_seq IS NOT NULL THEN (SELECT y.id FROM message y WHERE y.conversation_id = m.conversation_id AND y.seq = m.reply_to_seq) END AS m_reply_to,
  m.reply_to_seq IS NOT NULL AND NOT EXISTS (SELECT 1 FROM message y WHERE y.conversation_id = m.conversation_id AND y.seq = m.reply_to_seq
    AND y.deleted_at IS NULL AND (y.expires_at IS NULL OR y.expires_at > now())) AS m_reply_gone,
  CASE WHEN m.reactions IS NOT NULL THEN (SELECT array_agg(y.emoji::text) FROM reaction y
    WHERE y.conversation_id = m.conversation_id AND y.message_seq = m.seq AND y.user_id = ${reader}) END AS m_mine,
  CASE WHEN c.kind <> 1 THEN 'sent' WHEN c.user_low = c.user_high OR w.read_seq >= m.seq THEN 'read' WHEN w.delivered_seq >= m.seq THEN 'delivered' ELSE 'sent' END AS m_status,
  coalesce(c.user_low = c.user_high OR w.read_seq >= m.seq, false) AS m_is_read`
}

/** Joins the highest watermarks of the other members as `o`, for a membership `s` of a conversation `c`. It counts only
 *  members who show `s` their receipts, and in a group only present members. Nulls when there are none. */
export const OTHERS = `LEFT JOIN LATERAL (SELECT max(x.delivered_seq) AS delivered_seq, max(x.read_seq) AS read_seq
    FROM ${telling('s.user_id', 's.conversation_id')} AND (c.kind = 1 OR x.left_seq IS NULL)) o ON true`
/** Joins the watermarks of the receiver of `m` as `w`. They are those of `o` for messages that `s` sent. For other
 *  messages they are those of `s`, private reading included. */
export const WATERMARKS = `CROSS JOIN LATERAL (SELECT CASE m.sender_id WHEN s.user_id THEN o.delivered_seq ELSE s.delivered_seq END AS delivered_seq,
    CASE m.sender_id WHEN s.user_id THEN o.read_seq ELSE greatest(s.read_seq, s.private_read_seq) END AS read_seq) w`

/** The time by which a conversation `c` stands in the list of the member `s`: that of its last message, or of their own
 *  joining. */
export const ACTIVE_AT = 'greatest(coalesce(c.active_at, c.changed_at), s.joined_at)'

/** True for messages `x` that the member `s` may see. */
export const VISIBLE = `x.seq >= s.visible_from_seq AND x.seq > s.cleared_seq AND x.deleted_at IS NULL
    AND (x.expires_at IS NULL OR x.expires_at > now())`

/** The message of a row, or null when the row has none. */
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
    clientId: row.m_metadata?.client_id ?? row.m_client_id,
    kind: row.m_kind,
    content: row.m_content ?? '',
    createdAt: row.m_created_at,
    editedAt: row.m_edited_at,
    pinnedAt: row.m_pinned_at,
    replyTo: row.m_reply_to,
    replyGone: row.m_reply_gone,
    mentions: row.m_metadata?.mentions ?? [],
    system: row.m_metadata?.system ?? null,
    reactions: reactionsOf(row),
    status: row.m_status,
    isRead: row.m_is_read
  }
}

/** Most frequent first. Spellings that differ in U+FE0E or U+FE0F, which an earlier release kept apart, are one reaction
 *  under the longest of them. */
function reactionsOf({ m_reactions: counts, m_mine: mine }: MessageRow): Message['reactions'] {
  if (counts === null) return []
  const shown = new Map<string, Reaction>()
  for (const emoji of Object.keys(counts).sort((a, b) => b.length - a.length || (a < b ? -1 : 1))) {
    const key = emoji.replace(/[\uFE0E\uFE0F]/g, '')
    const first = shown.get(key) ?? { emoji, count: 0, mine: false }
    const count = first.count + (counts[emoji] ?? 0)
    shown.set(key, { emoji: first.emoji, count, mine: first.mine || (mine?.includes(emoji) ?? false) })
  }
  return [...shown.values()].sort((a, b) => b.count - a.count || (a.emoji < b.emoji ? -1 : 1))
}

/** The people of a direct conversation, `first` before the other: one for notes to oneself. Null for a group. */
export function pair(first: UserId | undefined, low: UserId | null, high: UserId | null): readonly UserId[] | null {
  if (low === null || high === null) return null
  if (low === high) return [low]
  return first === high ? [high, low] : [low, high]
}

/** Filters out nulls. */
export function isMessage(message: Message | null): message is Message {
  return message !== null
}
