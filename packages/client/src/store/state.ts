import {
  type Conversation,
  type ConversationId,
  type Event,
  limits,
  type Message,
  type MessageStatus,
  type Role,
  type Seq,
  type UserId
} from '@rendezvous/contract'

/** A message without its status, which follows from the watermarks (see {@link statusOf}), and without the state of the
 *  message that it replies to. */
export type KeptMessage = Omit<
  Message,
  'status' | 'is_read' | 'is_read_by_recipient' | 'attachment' | 'reply_to_deleted'
>

/** How far messages were delivered to, and read by, one member. */
export interface Watermarks {
  readonly delivered_seq: Seq
  readonly read_seq: Seq
}

/** The fields of a conversation as of its `last_seq`. */
export type Facts = Omit<Conversation, 'participants' | 'last_message' | 'receipts'>

/** An event that has a `seq` in the stream of a conversation. */
export type Sequenced = Extract<Event, { stream: string; seq: Seq; conversation_id: ConversationId }>

/**
 * One conversation as this client knows it. It is immutable: every change returns a new state.
 *
 * - `facts` are as of `facts.last_seq`; messages and members as of `position`, which is never above it.
 * - `messages` holds all messages whose seq is at least `from`, by ascending seq, at most {@link KEPT_MESSAGES}.
 * - `members` is null until the conversation is opened.
 */
export interface ConversationState {
  readonly facts: Facts
  /** The last message of the conversation, even if it is not in `messages`. */
  readonly last: KeptMessage | null
  /** The watermarks of other members; empty in conversations of more than 32 members. */
  readonly receipts: ReadonlyMap<UserId, Watermarks>
  readonly position: Seq
  readonly from: Seq
  readonly messages: ReadonlyMap<Seq, KeptMessage>
  readonly members: ReadonlyMap<UserId, Role> | null
  /** Whether further pages of a range follow. Until the last one, messages may be missing, so no event is applied. */
  readonly paging: boolean
  /** Whether `facts` must be fetched again, because an event did not hold all that changed. */
  readonly stale: boolean
  /** Events that arrived before their predecessors, by seq; at most {@link EARLY_EVENTS}. */
  readonly early: ReadonlyMap<Seq, Sequenced>
}

/** Messages kept of one conversation. Above that, the older half is dropped. */
const KEPT_MESSAGES = 1_000
/** Early events kept of one conversation. Further ones are dropped, and fetched later as a gap. */
export const EARLY_EVENTS = 256

/** The state of a conversation that the server just sent, without messages and members. */
export function newState(conversation: Conversation): ConversationState {
  const { participants, last_message, receipts, ...facts } = conversation
  return {
    facts,
    last: last_message === null ? null : withoutStatus(last_message),
    receipts: new Map(receipts.map(({ user_id, ...watermarks }) => [user_id, watermarks])),
    position: facts.last_seq,
    from: (facts.last_seq + 1) as Seq,
    messages: new Map(),
    members: null,
    paging: false,
    stale: false,
    early: new Map()
  }
}

/** The state with the newest messages (all of them if `whole`) and the members. Both may be newer than `position`:
 *  applying an event twice changes nothing. */
export function openedState(
  state: ConversationState,
  read: { readonly messages: readonly Message[]; readonly whole: boolean; readonly members: readonly MemberLike[] },
  me: UserId
): ConversationState {
  const first = Math.min(state.from, ...read.messages.map(({ seq }) => seq))
  const from = (read.whole ? 0 : first) as Seq
  const members = new Map(read.members.map(({ user_id, role }) => [user_id, role]))
  return withDerived(
    { ...state, from, members, messages: withMessages(state.messages, read.messages.map(withoutStatus)) },
    me
  )
}
interface MemberLike {
  readonly user_id: UserId
  readonly role: Role
}

/** The state without messages and members. */
export function closedState(state: ConversationState): ConversationState {
  return { ...state, from: (state.position + 1) as Seq, messages: new Map(), members: null }
}

/** `message` without what depends on watermarks and other messages. */
export function withoutStatus(given: Message): KeptMessage {
  const { status: _status, is_read: _isRead, is_read_by_recipient: _alias, ...rest } = given
  const { reply_to_deleted: _gone, attachment: _attachment, ...message } = rest
  return message
}

/** `messages` and those of `others` that are newer than the known version, by ascending seq. */
export function withMessages(
  messages: ReadonlyMap<Seq, KeptMessage>,
  others: readonly KeptMessage[]
): ReadonlyMap<Seq, KeptMessage> {
  const fresh = others.filter(({ seq, changed_seq }) => changed_seq > (messages.get(seq)?.changed_seq ?? -1))
  if (fresh.length === 0) return messages
  const all = new Map(messages)
  let last = [...messages.keys()].at(-1) ?? 0
  let inOrder = true
  for (const message of fresh) {
    inOrder &&= all.has(message.seq) || message.seq > last
    last = Math.max(last, message.seq)
    all.set(message.seq, message)
  }
  return inOrder ? all : new Map([...all].sort(([a], [b]) => a - b))
}

/**
 * `given` with at most {@link KEPT_MESSAGES} messages, and with the last message and the unread count that follow from
 * them. Both keep their values where `facts` are newer than the messages, or the messages do not reach back far enough.
 */
export function withDerived(given: ConversationState, me: UserId): ConversationState {
  const state = trimmed(given)
  const { facts, messages, from, position } = state
  if (position < facts.last_seq) return state

  const newest = [...messages.values()].at(-1)
  const last = newest ?? (from === 0 ? null : state.last)
  if (from > facts.read_seq + 1) return { ...state, last }
  let unread = 0
  for (const message of messages.values()) if (isUnread(message, facts, me)) unread += 1
  return { ...state, last, facts: { ...facts, unread_count: Math.min(unread, limits.unreadCount) } }
}

/** Whether `message` counts as unread for the user `me`. */
export function isUnread(message: KeptMessage, { read_seq }: Facts, me: UserId): boolean {
  return message.seq > read_seq && message.sender !== me && message.message_type === 'text'
}

/** The status of a message in a direct conversation: for a message of `me` by the other member's watermarks, else by
 *  those of `me`, which include private reads. Always `sent` in a group. */
export function statusOf(state: ConversationState, message: KeptMessage, me: UserId): MessageStatus {
  if (state.facts.is_group) return 'sent'
  const { delivered_seq = 0, read_seq = 0 } =
    message.sender === me ? (state.receipts.get(message.receiver ?? me) ?? {}) : state.facts
  if (read_seq >= message.seq) return 'read'
  return delivered_seq >= message.seq ? 'delivered' : 'sent'
}

/** The conversation of `stream`; null for a personal stream. */
export function conversationOf(stream: string): ConversationId | null {
  return stream.startsWith('conversation:') ? (Number(stream.slice('conversation:'.length)) as ConversationId) : null
}

function trimmed(state: ConversationState): ConversationState {
  if (state.messages.size <= KEPT_MESSAGES) return state
  const messages = new Map([...state.messages].slice(-KEPT_MESSAGES / 2))
  const [first = state.from] = messages.keys()
  return { ...state, messages, from: first }
}
