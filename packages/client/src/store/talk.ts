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

/** A message as it is kept: how far the other one got is not in it, since that changes without it. {@link statusOf} tells. */
export type KeptMessage = Omit<Message, 'status' | 'is_read'>

/** How far somebody got. */
export interface Watermarks {
  readonly delivered_seq: Seq
  readonly read_seq: Seq
}

/** What a conversation says of itself, as of `last_seq`. */
export type Facts = Omit<Conversation, 'participants' | 'last_message' | 'receipts'>

/** An event that takes a value of a stream. */
export type Sequenced = Extract<Event, { stream: string; seq: Seq; conversation_id: ConversationId }>

/**
 * One conversation as this client knows it. Transitions answer another one and change none.
 *
 * - `facts` are as of `facts.last_seq`; messages and members as of `position`, which never is above it.
 * - `messages`, by seq and ascending, are all there are from `from` on, the newest {@link KEPT_MESSAGES} of them at most.
 * - `members` is null until the conversation was opened.
 */
export interface Talk {
  readonly facts: Facts
  /** The last message there is, whether it is among `messages` or not. */
  readonly last: KeptMessage | null
  /** How far others got, where that is told: in conversations of 32 at most. */
  readonly receipts: ReadonlyMap<UserId, Watermarks>
  readonly position: Seq
  readonly from: Seq
  readonly messages: ReadonlyMap<Seq, KeptMessage>
  readonly members: ReadonlyMap<UserId, Role> | null
  /** A range was taken in that goes on: until its last page a message may be missing that changed later, so no event is applied. */
  readonly paging: boolean
  /** Something happened that the events do not tell whole: the conversation is to be asked for again. */
  readonly stale: boolean
  /** Events that came before their predecessors, {@link EARLY_EVENTS} at most. */
  readonly early: ReadonlyMap<Seq, Sequenced>
}

/** Messages of one conversation that are kept; of more, the older half is let go. */
const KEPT_MESSAGES = 1_000
/** Early events of one conversation that are kept. What is let go is asked for as a gap. */
export const EARLY_EVENTS = 256

/** A conversation just read: of its messages only those to come are here. */
export function freshTalk(conversation: Conversation): Talk {
  const { participants, last_message, receipts, ...facts } = conversation
  return {
    facts,
    last: last_message === null ? null : kept(last_message),
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

/** Takes in what was read to open a conversation: its newest messages, all there are if `whole`, and its members. Newer than `position` is
 *  fine: events that come to it later change nothing. */
export function openTalk(
  talk: Talk,
  read: { readonly messages: readonly Message[]; readonly whole: boolean; readonly members: readonly MemberLike[] },
  me: UserId
): Talk {
  const first = Math.min(talk.from, ...read.messages.map(({ seq }) => seq))
  const from = (read.whole ? 0 : first) as Seq
  const members = new Map(read.members.map(({ user_id, role }) => [user_id, role]))
  return settled({ ...talk, from, members, messages: withMessages(talk.messages, read.messages.map(kept)) }, me)
}
interface MemberLike {
  readonly user_id: UserId
  readonly role: Role
}

/** A conversation whose messages and members are let go. */
export function closedTalk(talk: Talk): Talk {
  return { ...talk, from: (talk.position + 1) as Seq, messages: new Map(), members: null }
}

/** A message without what is not kept of it. */
export function kept({ status: _status, is_read: _isRead, ...message }: Message): KeptMessage {
  return message
}

/** `messages` with others, each only if it is not there as new or newer. By seq. */
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
 * `talk` with what follows from its messages: the last one, and how many are unread, as far as they reach back; and no more of them than are
 * kept. Facts that are ahead of the messages stay as they are.
 */
export function settled(given: Talk, me: UserId): Talk {
  const talk = trimmed(given)
  const { facts, messages, from, position } = talk
  if (position < facts.last_seq) return talk

  const newest = [...messages.values()].at(-1)
  const last = newest ?? (from === 0 ? null : talk.last)
  if (from > facts.read_seq + 1) return { ...talk, last }
  let unread = 0
  for (const message of messages.values()) if (isUnread(message, facts, me)) unread += 1
  return { ...talk, last, facts: { ...facts, unread_count: Math.min(unread, limits.unreadCount) } }
}

/** Whether a message counts as unread. */
export function isUnread(message: KeptMessage, { read_seq }: Facts, me: UserId): boolean {
  return message.seq > read_seq && message.sender !== me && message.message_type === 'text'
}

/** How far a message of a direct conversation got: one of mine with the other person, one of his with me, what I read privately included. */
export function statusOf(talk: Talk, message: KeptMessage, me: UserId): MessageStatus {
  if (talk.facts.is_group) return 'sent'
  const { delivered_seq = 0, read_seq = 0 } =
    message.sender === me ? (talk.receipts.get(message.receiver ?? me) ?? {}) : talk.facts
  if (read_seq >= message.seq) return 'read'
  return delivered_seq >= message.seq ? 'delivered' : 'sent'
}

/** The conversation whose stream it is; null for a person's. */
export function conversationOf(stream: string): ConversationId | null {
  return stream.startsWith('conversation:') ? (Number(stream.slice('conversation:'.length)) as ConversationId) : null
}

function trimmed(talk: Talk): Talk {
  if (talk.messages.size <= KEPT_MESSAGES) return talk
  const messages = new Map([...talk.messages].slice(-KEPT_MESSAGES / 2))
  const [first = talk.from] = messages.keys()
  return { ...talk, messages, from: first }
}
