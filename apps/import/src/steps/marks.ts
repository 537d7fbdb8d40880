import type { ConversationId, Seq, UserId } from '@rendezvous/contract'
import type { Mark, Reach } from '../target/messages.ts'

/** `reach` with one more message of `senderId`, which all others have got. */
export function reaching(reach: Reach | null, seq: Seq, senderId: UserId | null): Reach {
  if (reach === null) return { to: seq, notBy: senderId, below: 0 as Seq }
  if (seq > reach.to) return { to: seq, notBy: senderId, below: senderId === reach.notBy ? reach.below : reach.to }
  return senderId !== reach.notBy && seq > reach.below ? { ...reach, below: seq } : reach
}

/** Collects how far members have got. */
export interface Marks {
  /** A message that everybody but its sender has got, or read. */
  byOthers(what: 'read' | 'delivered', conversationId: ConversationId, seq: Seq, senderId: UserId): void
  /** A message that one of them has read. */
  byOne(conversationId: ConversationId, seq: Seq, readerId: UserId): void
  all(): Mark[]
}

/** No marks yet. */
export function marks(): Marks {
  const found = new Map<string, Mark>()
  const markOf = (conversationId: ConversationId, only: UserId | null): Mark =>
    found.get(`${conversationId} ${only}`) ?? { conversationId, only, read: null, delivered: null }
  const keep = (mark: Mark) => found.set(`${mark.conversationId} ${mark.only}`, mark)

  return {
    byOthers(what, conversationId, seq, senderId) {
      const mark = markOf(conversationId, null)
      keep({ ...mark, [what]: reaching(mark[what], seq, senderId) })
    },
    byOne(conversationId, seq, readerId) {
      const mark = markOf(conversationId, readerId)
      keep({ ...mark, read: reaching(mark.read, seq, null) })
    },
    all: () => [...found.values()]
  }
}
