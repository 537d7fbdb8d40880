import { type Event, limits, type Reaction, type Role, type Seq, type UserId } from '@rendezvous/contract'
import {
  EARLY_EVENTS,
  type Facts,
  isUnread,
  type KeptMessage,
  type Sequenced,
  settled,
  type Talk,
  withMessages
} from './talk.ts'

/** What became of an event: the conversation after it, or that it is to be read `anew`, or is `gone` from this person. */
export type Applied = Talk | 'anew' | 'gone'

type OfType<Type extends Event['type']> = Extract<Event, { type: Type }>
/** A step that is only taken by facts which do not know of it yet. */
type Step = (talk: Talk, isNews: boolean) => Applied

/** An event came: applied if it is the next, ignored if it is known, kept if it is early; then those that waited for it. */
export function arrive(talk: Talk, event: Sequenced, me: UserId): Applied {
  if (event.seq <= talk.position) return talk
  if (talk.paging || event.seq > talk.position + 1) {
    if (talk.early.size >= EARLY_EVENTS) return talk
    return { ...talk, early: new Map(talk.early).set(event.seq, event) }
  }
  const applied = apply(talk, event, me)
  return typeof applied === 'string' ? applied : release(applied, me)
}

/** Applies the early events whose turn it is, and lets go of those whose turn is over. */
export function release(talk: Talk, me: UserId): Applied {
  if (talk.early.size === 0 || talk.paging) return talk
  const early = new Map([...talk.early].filter(([seq]) => seq > talk.position))
  const next = early.get((talk.position + 1) as Seq)
  if (next === undefined) return { ...talk, early }
  const applied = apply({ ...talk, early }, next, me)
  return typeof applied === 'string' ? applied : release(applied, me)
}

/** Somebody's watermark moved. No order: watermarks only rise. */
export function receive(talk: Talk, event: OfType<'message_delivered' | 'message_read'>, me: UserId): Talk {
  const { user_id, seq } = event
  const isRead = event.type === 'message_read'
  if (user_id !== me) {
    if (!talk.facts.participant_ids.includes(user_id)) return talk
    const { delivered_seq = 0, read_seq = 0 } = talk.receipts.get(user_id) ?? {}
    const moved = {
      delivered_seq: highest(delivered_seq, seq),
      read_seq: isRead ? highest(read_seq, seq) : (read_seq as Seq)
    }
    return { ...talk, receipts: new Map(talk.receipts).set(user_id, moved) }
  }
  const { facts, from } = talk
  const isPrivate = event.type === 'message_read' && event.private === true
  const delivered_seq = isPrivate ? facts.delivered_seq : highest(facts.delivered_seq, seq)
  const read_seq = isRead ? highest(facts.read_seq, seq) : facts.read_seq
  const isAll = read_seq >= (talk.last?.seq ?? 0)
  const unread_count = isAll ? 0 : facts.unread_count
  const isUnknown = read_seq > facts.read_seq && !isAll && from > read_seq + 1
  return settled(
    { ...talk, facts: { ...facts, delivered_seq, read_seq, unread_count }, stale: talk.stale || isUnknown },
    me
  )
}

function apply(talk: Talk, event: Sequenced, me: UserId): Applied {
  const isNews = event.seq > talk.facts.last_seq
  const step = steps[event.type] as (event: Sequenced, me: UserId) => Step // the step of this very type
  const stepped = step(event, me)(talk, isNews)
  if (typeof stepped === 'string') return stepped
  const facts = isNews ? { ...stepped.facts, last_seq: event.seq, updated_at: event.at } : stepped.facts
  return settled({ ...stepped, facts, position: event.seq }, me)
}

const steps: { readonly [Type in Sequenced['type']]: (event: OfType<Type>, me: UserId) => Step } = {
  message_created: (event, me) => (talk, isNews) => {
    const message = created(event)
    const known = { ...talk, messages: withMessages(talk.messages, [message]) }
    if (!isNews) return known
    const { facts } = talk
    const unread_count = Math.min(facts.unread_count + (isUnread(message, facts, me) ? 1 : 0), limits.unreadCount)
    const news = { ...known, last: message, facts: { ...facts, unread_count } }
    return facts.is_group ? news : withBoth(news, event)
  },

  message_edited: ({ content, mentions, edited_at, ...event }) =>
    changed(event, () => ({ content, mentions, edited_at })),
  message_pinned: ({ pinned_at, ...event }) => changed(event, () => ({ pinned_at })),
  message_unpinned: event => changed(event, () => ({ pinned_at: null })),
  reaction_added: (event, me) => changed(event, ({ reactions }) => ({ reactions: reacted(reactions, event, 1, me) })),
  reaction_removed: (event, me) =>
    changed(event, ({ reactions }) => ({ reactions: reacted(reactions, event, -1, me) })),

  message_deleted: (event, me) => (talk, isNews) => {
    const { facts, last, from } = talk
    const known = talk.messages.get(event.message_seq)
    const messages = new Map(talk.messages)
    messages.delete(event.message_seq)
    if (!isNews) return { ...talk, messages }
    const wasLast = last?.id === event.id
    const counted = known ?? (wasLast ? last : undefined)
    const unread = counted !== undefined && isUnread(counted, facts, me) ? facts.unread_count - 1 : facts.unread_count
    const isUncounted = counted === undefined && event.message_seq < from && event.message_seq > facts.read_seq
    const isLastUnknown = wasLast && messages.size === 0 && from > 0
    return {
      ...talk,
      messages,
      last: wasLast ? null : last,
      facts: { ...facts, unread_count: Math.max(unread, 0) },
      stale: talk.stale || isUncounted || isLastUnknown
    }
  },

  conversation_created: () => talk => talk,
  conversation_updated:
    ({ title, name, history }) =>
    (talk, isNews) =>
      isNews ? { ...talk, facts: { ...talk.facts, title, name, history } } : talk,

  member_joined:
    ({ user_ids, seq }, me) =>
    (talk, isNews) => {
      if (user_ids.includes(me)) return 'anew'
      const { facts } = talk
      const known = {
        ...talk,
        members: withRoles(
          talk.members,
          user_ids.map(id => [id, 'member'])
        )
      }
      if (!isNews) return known
      const member_count = facts.member_count + user_ids.length
      if (!facts.is_group) return { ...known, facts: { ...facts, member_count }, stale: true }
      const receipts = new Map(talk.receipts)
      for (const id of user_ids) receipts.set(id, { delivered_seq: seq, read_seq: seq })
      const joined = { ...facts, member_count, participant_ids: shown([...facts.participant_ids, ...user_ids]) }
      return { ...known, facts: joined, receipts: told(joined) ? receipts : new Map() }
    },

  member_left:
    ({ user_ids, owner_id }, me) =>
    (talk, isNews) => {
      if (user_ids.includes(me)) return 'gone'
      const { facts } = talk
      const members = withRoles(without(talk.members, user_ids), owner_id === null ? [] : [[owner_id, 'owner']])
      if (!isNews) return { ...talk, members }
      const receipts = new Map([...talk.receipts].filter(([id]) => !user_ids.includes(id)))
      const remaining = facts.participant_ids.filter(id => !user_ids.includes(id))
      const left: Facts = {
        ...facts,
        role: owner_id === me ? 'owner' : facts.role,
        member_count: facts.member_count - user_ids.length,
        participant_ids: facts.is_group ? remaining : facts.participant_ids
      }
      return { ...talk, members, receipts, facts: left, stale: talk.stale || (told(left) && !told(facts)) }
    },

  member_updated: (event, me) => (talk, isNews) => {
    const roles = event.members.map(({ user_id, role }) => [user_id, role] as const)
    const mine = roles.find(([id]) => id === me)?.[1]
    const facts = isNews && mine !== undefined ? { ...talk.facts, role: mine } : talk.facts
    return { ...talk, facts, members: withRoles(talk.members, roles) }
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

/** A message brings the other person of a direct conversation back, with watermarks that nobody told of. */
function withBoth(talk: Talk, { from, to }: OfType<'message_created'>): Talk {
  const { facts } = talk
  if (facts.member_count === 2) return talk
  const both = [from, to].flatMap(id => (id === null ? [] : [[id, 'member'] as const]))
  return { ...talk, facts: { ...facts, member_count: 2 }, members: withRoles(talk.members, both), stale: true }
}

/** A change of one message, unless it is there as new or newer; and of the last one, if it is that. */
function changed(
  { id, message_seq, seq }: { readonly id: number; readonly message_seq: Seq; readonly seq: Seq },
  change: (message: KeptMessage) => Partial<KeptMessage>
): Step {
  const after = (message: KeptMessage) =>
    message.changed_seq >= seq ? message : { ...message, ...change(message), changed_seq: seq }
  return talk => {
    const known = talk.messages.get(message_seq)
    const messages = known === undefined ? talk.messages : new Map(talk.messages).set(message_seq, after(known))
    return { ...talk, messages, last: talk.last?.id === id ? after(talk.last) : talk.last }
  }
}

/** Most frequent first, as the server has them. */
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

function withRoles(members: Talk['members'], roles: readonly (readonly [UserId, Role])[]): Talk['members'] {
  return members === null ? null : new Map([...members, ...roles])
}

function without(members: Talk['members'], ids: readonly UserId[]): Talk['members'] {
  return members === null ? null : new Map([...members].filter(([id]) => !ids.includes(id)))
}

/** Whether everybody is told how far others got. */
function told({ member_count }: Facts): boolean {
  return member_count <= limits.receiptMembers
}

function shown(ids: readonly UserId[]): UserId[] {
  return [...new Set(ids)].sort((a, b) => a - b).slice(0, limits.shownMembers)
}

function highest(a: number, b: number): Seq {
  return Math.max(a, b) as Seq
}
