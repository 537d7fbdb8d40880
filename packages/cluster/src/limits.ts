/** A rate limit: `limit` uses in a burst, refilled evenly over `windowMs`. `cost` is the number of uses of one call,
 *  1 by default; 0 takes none and only reports. */
export interface Rate {
  readonly limit: number
  readonly windowMs: number
  readonly cost?: number
}

/** The answer of a limit. */
export interface Taken {
  readonly allowed: boolean
  /** Whole uses left now. */
  readonly remaining: number
  /** Time until the same call would be allowed; 0 if it was. */
  readonly retryAfterMs: number
  /** Time until `remaining` is `limit` again. */
  readonly resetMs: number
}

/** Rate limits that count the uses of a key over all nodes. */
export interface Limits {
  /** Takes `cost` uses of `key` if so many are left, else none. Atomic, by the generic cell rate algorithm (ITU-T
   *  I.371). The store keeps a bounded number of keys and drops the least recently used ones, as if they were never
   *  used.
   *  @throws RangeError unless `limit` is a positive integer, `windowMs` positive, and `cost` an integer from 0 to
   *  `limit`.
   *  @throws ClusterError `unreachable` when the shared store does not answer. The caller decides whether to refuse. */
  take(key: string, rate: Rate): Promise<Taken>
}

/** @throws RangeError for a rate that `take` refuses. */
export function refuseInvalidRate({ limit, windowMs, cost = 1 }: Rate): void {
  if (!Number.isInteger(limit) || limit < 1) throw new RangeError('limit must be a positive integer')
  if (!Number.isFinite(windowMs) || windowMs <= 0) throw new RangeError('windowMs must be positive')
  if (!Number.isInteger(cost) || cost < 0 || cost > limit)
    throw new RangeError('cost must be an integer from 0 to limit')
}
