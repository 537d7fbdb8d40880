import type { Conversation, Seq, SyncRange, UserId } from '@rendezvous/contract'
import { type Applied, applyEarly } from './apply.ts'
import { type ConversationState, newState, type Watermarks, withDerived, withMessages, withoutStatus } from './state.ts'

/** The state after the server answered with `conversation`. An older answer changes only watermarks, which never fall.
 *  A newer one replaces the state, except messages and members of an opened conversation: its range brings those. */
export function mergeConversation(state: ConversationState, conversation: Conversation, me: UserId): Applied {
  const answered = newState(conversation)
  const isOlder = answered.facts.last_seq < state.facts.last_seq
  const { facts, last } = isOlder ? state : answered
  const read_seq = Math.max(state.facts.read_seq, answered.facts.read_seq) as Seq
  const taken: ConversationState = {
    ...state,
    last,
    facts: {
      ...facts,
      delivered_seq: Math.max(state.facts.delivered_seq, answered.facts.delivered_seq) as Seq,
      read_seq,
      unread_count: read_seq > facts.read_seq ? state.facts.unread_count : facts.unread_count
    },
    receipts: merged(isOlder ? state.receipts : answered.receipts, isOlder ? answered.receipts : state.receipts),
    stale: isOlder && state.stale
  }
  if (state.members !== null || isOlder) return applyEarly(withDerived(taken, me), me)
  const { position, from, messages } = answered
  return applyEarly(
    answered.facts.last_seq > state.position
      ? { ...taken, position, from, messages, paging: false }
      : withDerived(taken, me),
    me
  )
}

/** The state after a range of sync was applied, and then the early events that follow it. */
export function mergeRange(state: ConversationState, range: SyncRange, me: UserId): Applied {
  if (range.status === 'restart') return 'refetch'
  if (range.status === 'gone') return 'gone'
  const paged = { ...state, paging: range.more }
  const advanced = range.position > state.position ? withChanges(paged, range) : paged
  if (range.conversation !== null) return mergeConversation(advanced, range.conversation, me)
  return applyEarly(advanced, me)
}

function withChanges(
  state: ConversationState,
  { position, messages, deleted, members, left }: SyncRange
): ConversationState {
  const all = new Map(withMessages(state.messages, messages.filter(({ seq }) => seq >= state.from).map(withoutStatus)))
  for (const { seq, changed_seq } of deleted)
    if ((all.get(seq)?.changed_seq ?? changed_seq) < changed_seq) all.delete(seq)
  if (state.members === null) return { ...state, position, messages: all }
  const present = new Map(state.members)
  for (const { user_id, role } of members) present.set(user_id, role)
  for (const id of left) present.delete(id)
  return { ...state, position, messages: all, members: present }
}

/** The watermarks of the members in `receipts`, each the higher one of both maps. */
function merged(receipts: ReadonlyMap<UserId, Watermarks>, others: ReadonlyMap<UserId, Watermarks>) {
  return new Map(
    [...receipts].map(([id, { delivered_seq, read_seq }]) => [
      id,
      {
        delivered_seq: Math.max(delivered_seq, others.get(id)?.delivered_seq ?? 0) as Seq,
        read_seq: Math.max(read_seq, others.get(id)?.read_seq ?? 0) as Seq
      }
    ])
  )
}
