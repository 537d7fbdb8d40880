import type { UserId } from '@rendezvous/contract'

/** How long the users of a gateway whose lease ran out still count as online, so that they can reconnect elsewhere. DESIGN.md, Presence. */
export const LEASE_GRACE_MS = 30_000
/** Users that one call of `reap` returns at most. */
export const REAP_MAX = 1_000
/** Users that one call of `online` may ask for. */
export const ONLINE_MAX = 500

/** Whether the call changed what others see of the user. */
export interface Turn {
  readonly turned: boolean
}

/** Who asks, and how long his lease holds without renewal. `gatewayId` names one life of one process: a restart takes a new one. */
export interface PresenceOptions {
  readonly gatewayId: string
  readonly leaseMs: number
}

/**
 * Who is online, as the whole cluster sees it.
 *
 * A person is held online by gateways (through their sockets and their lease), by a grace after he left one, or by his own declaration. Each
 * change of what others see is told to exactly one caller cluster-wide: online by `turned` of `arrive` or `declare`, offline by `reap` or by
 * `turned` of `declare`; the two alternate strictly for each person, and `online` agrees with the last one told. So nobody goes offline
 * until some node reaps: every gateway does so every second. Each call is atomic. All reject with ClusterError `unreachable` when the
 * shared store cannot be reached.
 */
export interface Presence {
  /** Extends this gateway's lease; due several times in `leaseMs`. `lost` when the cluster had given this gateway up since the last call
   *  (its lease had run out by 30 s and another node reaped): then `arrive` is due again for everyone who has a socket here. */
  renew(): Promise<{ lost: boolean }>
  /** The user opened a socket here. Safe to repeat: called for each socket. Ends his grace, if any, without a turn; ends having declared
   *  himself offline with one. Counts as a renewal.
   *  @throws ClusterError `full` when no more users fit. */
  arrive(userId: UserId): Promise<Turn>
  /** The user's last socket here closed. He stays online for `graceMs` before `reap` returns him. Ignored when he has none here. */
  depart(userId: UserId, graceMs: number): Promise<void>
  /** All users of this gateway depart; those who departed before keep the grace they had. */
  drain(graceMs: number): Promise<void>
  /** Users who went offline: grace over, declaration over, or their gateway's lease run out for 30 s, and held nowhere else. Each is returned
   *  once cluster-wide, who went first comes first, at most 1,000 a call. */
  reap(): Promise<UserId[]>
  /** Those of `userIds` (at most 500) who are seen online, in the order asked.
   *  @throws RangeError for more. */
  online(userIds: readonly UserId[]): Promise<UserId[]>
  /** Everybody who is seen online, in no order; `limit` of them when there are more. */
  everybody(limit: number): Promise<UserId[]>
  /** A client without a socket says how it wants to be seen. `online` holds for `ttlMs` and then ends like a grace. `offline` hides the user
   *  at once, whatever sockets he has, until he arrives or declares himself online; `ttlMs` is not used then.
   *  @throws ClusterError `full` when no more users fit. */
  declare(userId: UserId, state: 'online' | 'offline', ttlMs: number): Promise<Turn>
}
