import type { UserId } from '@rendezvous/contract'

/** Password hashes of another system. They are checked as they are, and replaced by our own at the next log-in. */
export interface OldHashes {
  /** Replaces `hash` by `next` atomically. Ends no session. Returns false and changes nothing when the stored hash
   *  differs. */
  renew(userId: UserId, hash: string, next: string): Promise<boolean>
  /** The distinct costs of the stored old hashes, at most 50. A cost is the parts of a hash that name its kind and
   *  work, without salt and key. */
  costs(): Promise<string[]>
}
