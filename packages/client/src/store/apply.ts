import { type Event, limits, type Reaction, type Role, type Seq, type UserId } from '@rendezvous/contract'
import {
  type ConversationState,
  EARLY_EVENTS,
  type Facts,
  isUnread,
  type KeptMessage,
  type Sequenced,
  withDerived,
  withMessages
} from './state.ts'

/** The result of an event or answer: the new state, `refetch` when the conversation must be fetched again, or `gone`
 *  when the user is no longer a member. */
export type Applied = ConversationState | 'refetch' | 'gone'

type OfType<Type extends Event['type']> = Extract<Event, { type: Type }>
/** Applies one event. `isNew` is false when `facts` already include it. */
type Step = (state: ConversationState, isNew: boolean) => Applied

/** The state after `event`: a known event is ignored, an early one is kept, the next one is applied and then the early
 *  events that follow it. */
export function applyEvent(state: ConversationState, event: Sequenced, me: UserId): Applied {
  if (event.seq <= state.position) return state
  if (state.paging || event.seq > state.position + 1) {
    if (state.early.size >= EARLY_EVENTS) return state
    return { ...state, early: new Map(state.early).set(event.seq, event) }
  }
  const applied = applyNext(state, event, me)
  return typeof applied === 'string' ? applied : applyEarly(applied, me)
}

/** Applies the early events that follow `position` and drops those that do not exceed it. */
export function applyEarly(state: ConversationState, me: UserId): Applied {
  if (state.early.size === 0 || state.paging) return state
  const early = new Map([...state.early].filter(([seq]) => seq > state.position))
  const next = early.get((state.position + 1) as Seq)
  if (next === undefined) return { ...state, early }
  const applied = applyNext({ ...state, early }, next, me)
  return typeof applied === 'string' ? applied : applyEarly(applied, me)
}

/** The state after a watermark moved. Receipts may arrive in any order, because watermarks only rise. */
export function applyReceipt(
  state: ConversationState,
  event: OfType<'message_delivered' | 'message_read'>,
  me: UserId
): ConversationState {
  const { user_id, seq } = event
  const isRead = event.type === 'message_read'
  if (user_id !== me) {
    if (!state.facts.participant_ids.includes(user_id)) return state
    const { delivered_seq = 0, read_seq = 0 } = state.receipts.get(user_id) ?? {}
    const moved = {
      delivered_seq: highest(delivered_seq, seq),
      read_seq: isRead ? highest(read_seq, seq) : (read_seq as Seq)
    }
    return { ...state, receipts: new Map(state.receipts).set(user_id, moved) }
  }
  const { facts, from } = state
  const isPrivate = event.type === 'message_read' && event.private === true
  const delivered_seq = isPrivate ? facts.delivered_seq : highest(facts.delivered_seq, seq)
  const read_seq = isRead ? highest(facts.read_seq, seq) : facts.read_seq
  const isAll = read_seq >= (state.last?.seq ?? 0)
  const unread_count = isAll ? 0 : facts.unread_count
  const isUnknown = read_seq > facts.read_seq && !isAll && from > read_seq + 1
  return withDerived(
    { ...state, facts: { ...facts, delivered_seq, read_seq, unread_count }, stale: state.stale || isUnknown },
    me
  )
}

function applyNext(state: ConversationState, event: Sequenced, me: UserId): Applied {
  const isNew = event.seq > state.facts.last_seq
  const step = steps[event.type] as (event: Sequenced, me: UserId) => Step // `steps` has it under the event's own type
  const stepped = step(event, me)(state, isNew)
  if (typeof stepped === 'string') return stepped
  const facts = isNew ? { ...stepped.facts, last_seq: event.seq } : stepped.facts
  return withDerived({ ...stepped, facts, position: event.seq }, me)
}

const steps: { readonly [Type in Sequenced['type']]: (event: OfType<Type>, me: UserId) => Step } = {
  message_created: (event, me) => (state, isNew) => {
    const message = created(event)
    const known = { ...state, messages: withMessages(state.messages, [message]) }
    if (!isNew) return known
    const { facts } = state
    const unread_count = Math.min(facts.unread_count + (isUnread(message, facts, me) ? 1 : 0), limits.unreadCount)
    const newer = { ...known, last: message, facts: { ...facts, unread_count, updated_at: event.at } }
    return facts.is_group ? newer : withBothMembers(newer, event)
  },

  message_edited: ({ content, mentions, edited_at, ...event }) =>
    changed(event, () => ({ content, mentions, edited_at })),
  message_pinned: ({ pinned_at, ...event }) => changed(event, () => ({ pinned_at })),
  message_unpinned: event => changed(event, () => ({ pinned_at: null })),
  reaction_added: (event, me) => changed(event, ({ reactions }) => ({ reactions: reacted(reactions, event, 1, me) })),
  reaction_removed: (event, me) =>
    changed(event, ({ reactions }) => ({ reactions: reacted(reactions, event, -1, me) })),

  message_deleted: (event, me) => (state, isNew) => {
    const { facts, last, from } = state
    const known = state.messages.get(event.message_seq)
    const messages = new Map(state.messages)
    messages.delete(event.message_seq)
    if (!isNew) return { ...state, messages }
    const wasLast = last?.id === event.id
    const counted = known ?? (wasLast ? last : undefined)
    const unread = counted !== undefined && isUnread(counted, facts, me) ? facts.unread_count - 1 : facts.unread_count
    const isUncounted = counted === undefined && event.message_seq < from && event.message_seq > facts.read_seq
    const isLastUnknown = wasLast && messages.size === 0 && from > 0
    return {
      ...state,
      messages,
      last: wasLast ? null : last,
      facts: { ...facts, unread_count: Math.max(unread, 0) },
      stale: state.stale || isUncounted || isLastUnknown
    }
  },

  conversation_created: () => state => state,
  conversation_updated:
    ({ title, name, history }) =>
    (state, isNew) =>
      isNew ? { ...state, facts: { ...state.facts, title, name, history } } : state,

  member_joined:
    ({ user_ids, seq }, me) =>
    (state, isNew) => {
      if (user_ids.includes(me)) return 'refetch'
      const { facts } = state
      const known = {
        ...state,
        members: withRoles(
          state.members,
          user_ids.map(id => [id, 'member'])
        )
      }
      if (!isNew) return known
      const member_count = facts.member_count + user_ids.length
      if (!facts.is_group) return { ...known, facts: { ...facts, member_count }, stale: true }
      const receipts = new Map(state.receipts)
      for (const id of user_ids) receipts.set(id, { delivered_seq: seq, read_seq: seq })
      const joined = { ...facts, member_count, participant_ids: shown([...facts.participant_ids, ...user_ids]) }
      return { ...known, facts: joined, receipts: hasReceipts(joined) ? receipts : new Map() }
    },

  member_left:
    ({ user_ids, owner_id }, me) =>
    (state, isNew) => {
      if (user_ids.includes(me)) return 'gone'
      const { facts } = state
      const members = withRoles(without(state.members, user_ids), owner_id === null ? [] : [[owner_id, 'owner']])
      if (!isNew) return { ...state, members }
      const receipts = new Map([...state.receipts].filter(([id]) => !user_ids.includes(id)))
      const remaining = facts.participant_ids.filter(id => !user_ids.includes(id))
      const left: Facts = {
        ...facts,
        role: owner_id === me ? 'owner' : facts.role,
        member_count: facts.member_count - user_ids.length,
        participant_ids: facts.is_group ? remaining : facts.participant_ids
      }
      return {
        ...state,
        members,
        receipts,
        facts: left,
        stale: state.stale || (hasReceipts(left) && !hasReceipts(facts))
      }
    },

  member_updated: (event, me) => (state, isNew) => {
    const roles = event.members.map(({ user_id, role }) => [user_id, role] as const)
    const mine = roles.find(([id]) => id === me)?.[1]
    const facts = isNew && mine !== undefined ? { ...state.facts, role: mine } : state.facts
    return { ...state, facts, members: withRoles(state.members, roles) }
  }
}

function created(event: OfType<'message_created'>): KeptMessage {
  const {
    id,
    from,
    to,
    content,
    message_type,
    created_at,
    conversation_id,
    client_id,
    reply_to,
    mentions,
    system,
    seq
  } = event
  return {
    ...{
      id,
      conversation: conversation_id,
      sender: from,
      receiver: to,
      from,
      to,
      content,
      message_type,
      created_at,
      client_id
    },
    ...{ seq, changed_seq: seq, edited_at: null, reply_to, mentions, reactions: [], pinned_at: null, system }
  }
}

/** A new message makes both users members of a direct conversation again. The event lacks their watermarks: `stale`. */
function withBothMembers(state: ConversationState, { from, to }: OfType<'message_created'>): ConversationState {
  const { facts } = state
  if (facts.member_count === 2) return state
  const both = [from, to].flatMap(id => (id === null ? [] : [[id, 'member'] as const]))
  return { ...state, facts: { ...facts, member_count: 2 }, members: withRoles(state.members, both), stale: true }
}

/** A step that changes one message, unless the known version is newer, and `last` if it is that message. */
function changed(
  { id, message_seq, seq }: { readonly id: number; readonly message_seq: Seq; readonly seq: Seq },
  change: (message: KeptMessage) => Partial<KeptMessage>
): Step {
  const after = (message: KeptMessage) =>
    message.changed_seq >= seq ? message : { ...message, ...change(message), changed_seq: seq }
  return state => {
    const known = state.messages.get(message_seq)
    const messages = known === undefined ? state.messages : new Map(state.messages).set(message_seq, after(known))
    return { ...state, messages, last: state.last?.id === id ? after(state.last) : state.last }
  }
}

/** `reactions` with one more or less, in the server's order: most frequent first. */
function reacted(
  reactions: readonly Reaction[],
  { emoji, user_id }: { readonly emoji: string; readonly user_id: UserId },
  by: 1 | -1,
  me: UserId
): Reaction[] {
  const { count, mine } = reactions.find(each => each.emoji === emoji) ?? { count: 0, mine: false }
  const others = reactions.filter(each => each.emoji !== emoji)
  const now = { emoji, count: count + by, mine: user_id === me ? by === 1 : mine }
  const all = now.count > 0 ? [...others, now] : others
  return all.sort((a, b) => b.count - a.count || (a.emoji < b.emoji ? -1 : 1))
}

function withRoles(
  members: ConversationState['members'],
  roles: readonly (readonly [UserId, Role])[]
): ConversationState['members'] {
  return members === null ? null : new Map([...members, ...roles])
}

function without(members: ConversationState['members'], ids: readonly UserId[]): ConversationState['members'] {
  return members === null ? null : new Map([...members].filter(([id]) => !ids.includes(id)))
}

/** Whether the conversation is small enough for receipts. */
function hasReceipts({ member_count }: Facts): boolean {
  return member_count <= limits.receiptMembers
}

function shown(ids: readonly UserId[]): UserId[] {
  return [...new Set(ids)].sort((a, b) => a - b).slice(0, limits.shownMembers)
}

function highest(a: number, b: number): Seq {
  return Math.max(a, b) as Seq
}
