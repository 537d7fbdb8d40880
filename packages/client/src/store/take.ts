import type { Conversation, Seq, SyncRange, UserId } from '@rendezvous/contract'
import { type Applied, release } from './apply.ts'
import { freshTalk, kept, settled, type Talk, type Watermarks, withMessages } from './talk.ts'

/** What sync or a request says of a conversation. Older than what is known is ignored but for watermarks, which only rise. A conversation
 *  that was never opened is taken as it is; of an opened one the messages may lie behind until its range was taken in. */
export function takeConversation(talk: Talk, conversation: Conversation, me: UserId): Applied {
  const told = freshTalk(conversation)
  const isOlder = told.facts.last_seq < talk.facts.last_seq
  const { facts, last } = isOlder ? talk : told
  const read_seq = Math.max(talk.facts.read_seq, told.facts.read_seq) as Seq
  const taken: Talk = {
    ...talk,
    last,
    facts: {
      ...facts,
      delivered_seq: Math.max(talk.facts.delivered_seq, told.facts.delivered_seq) as Seq,
      read_seq,
      unread_count: read_seq > facts.read_seq ? talk.facts.unread_count : facts.unread_count
    },
    receipts: merged(isOlder ? talk.receipts : told.receipts, isOlder ? told.receipts : talk.receipts),
    stale: isOlder && talk.stale
  }
  if (talk.members !== null || isOlder) return release(settled(taken, me), me)
  const { position, from, messages } = told
  return release(
    told.facts.last_seq > talk.position ? { ...taken, position, from, messages, paging: false } : settled(taken, me),
    me
  )
}

/** Takes in what changed in a conversation's stream, then the early events that follow. `restart` and `gone` are told as they are. */
export function takeRange(talk: Talk, range: SyncRange, me: UserId): Applied {
  if (range.status === 'restart') return 'anew'
  if (range.status === 'gone') return 'gone'
  const paged = { ...talk, paging: range.more }
  const advanced = range.position > talk.position ? withChanges(paged, range) : paged
  if (range.conversation !== null) return takeConversation(advanced, range.conversation, me)
  return release(advanced, me)
}

function withChanges(talk: Talk, { position, messages, deleted, members, left }: SyncRange): Talk {
  const all = new Map(withMessages(talk.messages, messages.filter(({ seq }) => seq >= talk.from).map(kept)))
  for (const { seq, changed_seq } of deleted)
    if ((all.get(seq)?.changed_seq ?? changed_seq) < changed_seq) all.delete(seq)
  if (talk.members === null) return { ...talk, position, messages: all }
  const present = new Map(talk.members)
  for (const { user_id, role } of members) present.set(user_id, role)
  for (const id of left) present.delete(id)
  return { ...talk, position, messages: all, members: present }
}

/** The watermarks of `receipts`, as high as the others have them. */
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
