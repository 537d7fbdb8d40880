/** `limit` uses in any burst, refilled evenly over `windowMs`. `cost` is how many uses this is (1 unless told; 0 only looks). */
export interface Rate {
  readonly limit: number
  readonly windowMs: number
  readonly cost?: number
}

/** What a limit answered. */
export interface Taken {
  readonly allowed: boolean
  /** Whole uses left now. */
  readonly remaining: number
  /** How long until the same call would be allowed; 0 when it was. */
  readonly retryAfterMs: number
  /** How long until `remaining` is `limit` again. */
  readonly resetMs: number
}

/** Counts uses of a key over all nodes. */
export interface Limits {
  /** Takes `cost` uses of `key` if they are there, else nothing: being refused costs nothing. Atomic, by the generic cell rate algorithm
   *  (ITU-T I.371). Keys are as many as the store's bound; beyond it those not used for longest are forgotten, as if never used.
   *  @throws RangeError unless `limit` is a positive integer, `windowMs` positive, and `cost` an integer from 0 to `limit`.
   *  @throws ClusterError `unreachable` when the shared store cannot be reached: the caller decides whether that refuses. */
  take(key: string, rate: Rate): Promise<Taken>
}
