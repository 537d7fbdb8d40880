import type { UserId } from '@rendezvous/contract'

/** Password hashes that another system made: checked as they are, and replaced by one of our own when their person signs in. */
export interface OldHashes {
  /** Puts `next` in the place of `hash`, atomically, and ends no session. False, and nothing happens, when the person's hash is another by now. */
  renew(userId: UserId, hash: string, next: string): Promise<boolean>
  /** What checking those costs that somebody still has: of each hash the parts that name its kind and its work, without
   *  salt and key, every one once, 50 at most. */
  costs(): Promise<string[]>
}
