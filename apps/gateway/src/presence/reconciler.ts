import type { UserId } from '@rendezvous/contract'

/** Most users for whom one call of `retry` tells the cluster. */
const RETRIED_AT_ONCE = 5_000

/** Keeps the cluster's view of each user equal to this node's. No call rejects. */
export interface Reconciler {
  /** Tells the cluster whether the user is here. Resolves when it knows, or could not be reached. */
  reconcile(userId: UserId): Promise<void>
  /** Marks users whom the cluster may have wrong, for `retry`. */
  mark(userIds: Iterable<UserId>): void
  /** Reconciles up to 5,000 marked users. */
  retry(): Promise<void>
  /** Reconciles again every user for whom a call is under way. */
  repeatRunning(): Promise<void>
}

/** Calls of `tell` for one user never overlap, since the cluster could apply two in the wrong order. A change during a
 *  call is told afterwards. `tell` must read the user's state when it is called. */
export function reconciler(
  tell: (userId: UserId) => Promise<void>,
  log: (error: unknown, what: string) => void
): Reconciler {
  const running = new Map<UserId, Promise<void>>()
  /** Users whose state the cluster may not know. A call under way repeats for a user who is marked meanwhile. */
  const marked = new Set<UserId>()

  async function run(userId: UserId): Promise<void> {
    try {
      while (marked.delete(userId)) await tell(userId)
    } catch (error) {
      marked.add(userId)
      log(error, 'presence of a user could not be told; retrying')
    } finally {
      running.delete(userId)
    }
  }

  function reconcile(userId: UserId): Promise<void> {
    marked.add(userId)
    const earlier = running.get(userId)
    if (earlier !== undefined) return earlier
    const done = run(userId)
    running.set(userId, done)
    return done
  }

  return {
    reconcile,
    mark(userIds) {
      for (const userId of userIds) marked.add(userId)
    },
    async retry() {
      const some = [...marked].slice(0, RETRIED_AT_ONCE)
      await Promise.all(some.map(reconcile))
    },
    async repeatRunning() {
      await Promise.all([...running.keys()].map(reconcile))
    }
  }
}
