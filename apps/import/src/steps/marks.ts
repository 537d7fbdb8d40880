import type { ConversationId, Seq, UserId } from '@rendezvous/contract'
import type { Mark, Reach } from '../target/messages.ts'

/** `reach` after one more message of `senderId` that all other members have received. */
export function extendReach(reach: Reach | null, seq: Seq, senderId: UserId | null): Reach {
  if (reach === null) return { to: seq, notBy: senderId, below: 0 as Seq }
  if (seq > reach.to) return { to: seq, notBy: senderId, below: senderId === reach.notBy ? reach.below : reach.to }
  return senderId !== reach.notBy && seq > reach.below ? { ...reach, below: seq } : reach
}

/** Collects the watermarks of members. */
export interface Marks {
  /** Records a message that everybody but its sender has received, or read. */
  byOthers(what: 'read' | 'delivered', conversationId: ConversationId, seq: Seq, senderId: UserId): void
  /** Records a message that `readerId` has read. */
  byOne(conversationId: ConversationId, seq: Seq, readerId: UserId): void
  all(): Mark[]
}

/** Answers an empty collection. */
export function marks(): Marks {
  const found = new Map<string, Mark>()
  const markOf = (conversationId: ConversationId, only: UserId | null): Mark =>
    found.get(`${conversationId} ${only}`) ?? { conversationId, only, read: null, delivered: null }
  const keep = (mark: Mark) => found.set(`${mark.conversationId} ${mark.only}`, mark)

  return {
    byOthers(what, conversationId, seq, senderId) {
      const mark = markOf(conversationId, null)
      keep({ ...mark, [what]: extendReach(mark[what], seq, senderId) })
    },
    byOne(conversationId, seq, readerId) {
      const mark = markOf(conversationId, readerId)
      keep({ ...mark, read: extendReach(mark.read, seq, null) })
    },
    all: () => [...found.values()]
  }
}
