import type { UserId } from '@rendezvous/contract'

/** How long the users of a gateway whose lease ran out still count as online, so that they can reconnect elsewhere.
 *  docs/design.md, Presence. */
export const LEASE_GRACE_MS = 30_000
/** How long a claim of `reap` holds. After it, an unacknowledged user is claimed again. */
export const CLAIM_MS = 10_000
/** Most users that one call of `depart`, `reap` or `acknowledge` handles. */
export const STEP_MAX = 1_000
/** Most users that one call of `online` may ask for. */
export const ONLINE_MAX = 500

/** Whether the call changed what others see of the user. */
export interface Turn {
  readonly turned: boolean
}

/** Users of one call of `reap`. */
export interface PresenceClaim {
  /** Names the claim. No other call of `reap` in the cluster has the same. */
  readonly claim: string
  readonly userIds: readonly UserId[]
}

/** Users who went offline, claimed by the caller of `reap`. For `CLAIM_MS` no other caller gets them. */
export interface Reaped extends PresenceClaim {
  /** For each user, at their index, when they last departed or declared themself online, or when the lease of their
   *  gateway ran out. Every claim of one absence says the same. Milliseconds since 1970. */
  readonly seenAt: readonly number[]
}

/** The gateway that calls, and how long its lease holds without renewal. `gatewayId` names one run of one process: a
 *  restart takes a new one. */
export interface PresenceOptions {
  readonly gatewayId: string
  readonly leaseMs: number
}

/**
 * Who is online, as the whole cluster sees it.
 *
 * A user is online through a gateway that holds a socket of theirs and a lease, through a grace after they left one, or
 * through their own declaration.
 * - `turned` of `arrive` or `declare` tells the first caller that makes a user visible. `turned` of `declare` also
 *   tells the caller that makes a visible user offline. It is told once, and is lost when that caller dies.
 * - In every other case a user goes offline by a claim. When a grace, declaration or lease ends, nobody sees it before
 *   some node reaps. Every gateway reaps each second. A claim is told at least once.
 *
 * Each call is atomic for each user, and not over several users: a call that rejects may have done its work for some.
 * Repeating it is safe, but some answers are given once. A caller that did not get one acts as follows:
 * - `lost` of `renew`: a gateway whose last answered renewal is `LEASE_GRACE_MS` old lets all its users arrive again.
 * - `turned` of `arrive` and `declare`: the caller takes the next answer for that user as a turn.
 * - `reap`: nothing is due, since its users are claimed again after `CLAIM_MS`.
 *
 * Calls of two callers for one user take effect in some order, and `online` agrees with the last one. Time is that of
 * the shared store. All calls reject with ClusterError `unreachable` when the shared store cannot be reached.
 */
export interface Presence {
  /** Extends this gateway's lease. Call it several times in `leaseMs`. A gateway is given up `LEASE_GRACE_MS` after its
   *  lease ran out, and then holds nobody. Its next `renew` takes a new lease and returns `lost`. Then call `arrive`
   *  again for every user with a socket here. */
  renew(): Promise<{ lost: boolean }>
  /** Records that the user opened a socket here. Call it for each socket: it is safe to repeat. It ends a grace without
   *  a turn. It ends a claim, or a declaration of offline, with a turn. The first call takes the first lease of this
   *  gateway. Only `renew` extends a lease or replaces a lost one.
   *  @throws ClusterError `full` when no more users fit. */
  arrive(userId: UserId): Promise<Turn>
  /** Records that the last sockets of these users (at most `STEP_MAX`) closed here. Each stays online for `graceMs`, or
   *  longer when an earlier grace does. Users whom this gateway does not hold are ignored.
   *  @throws RangeError for more. */
  depart(userIds: readonly UserId[], graceMs: number): Promise<void>
  /** Claims users whose grace, declaration or gateway's lease is over, and whom nobody else holds. They are offline
   *  from now on. A user who is not acknowledged and did not come back is claimed again after `CLAIM_MS`. A call takes
   *  up to `STEP_MAX` users from gateways that were given up, and claims up to `STEP_MAX`, in no order. Within these
   *  bounds it leaves out no user who is due. */
  reap(): Promise<Reaped>
  /** Records that these users of the claim (at most `STEP_MAX`) were told offline, so nobody claims them again. Ignores
   *  users who came back or were claimed again since.
   *  @throws RangeError for more. */
  acknowledge(claim: PresenceClaim): Promise<void>
  /** Those of `userIds` (at most `ONLINE_MAX`) who are seen online, in the order asked, each at some moment of the
   *  call.
   *  @throws RangeError for more. */
  online(userIds: readonly UserId[]): Promise<UserId[]>
  /** Everybody who is seen online, in no order, at most `limit` of them. Users who come or go during the call may be
   *  missing. */
  everybody(limit: number): Promise<UserId[]>
  /** Shows a user as their client without a socket asks. `online` holds for `ttlMs` and then ends like a grace.
   *  `offline` hides the user at once, whatever sockets they have, until they arrive or are declared online. It does
   *  not use `ttlMs`.
   *  @throws ClusterError `full` when no more users fit. */
  declare(userId: UserId, state: 'online' | 'offline', ttlMs: number): Promise<Turn>
}
